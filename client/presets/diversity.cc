// The preset of `diversity`.

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {

absl::StatusOr<v1::JobSpec> DiversitySpec(const DiversityOptions& options,
                                          const SpecOptions& common) {
  if (options.rows < 2 || options.rows > 16) {
    return FlagError(
        "--rows", absl::StrCat(options.rows, " is not allowed; allowed 2..16"));
  }
  if (!(options.weight >= 0 && options.weight <= 1e9)) {
    return FlagError("--weight",
                     absl::StrCat(FormatNumber(options.weight),
                                  " is not allowed; allowed 0..1e9"));
  }
  const std::string& layer = options.diversity_layer.empty()
                                 ? options.target.layer
                                 : options.diversity_layer;
  if (layer.empty()) {
    return UsageError(
        "say in which layer the images should differ: --diversity-layer L");
  }
  ASSIGN_OR_RETURN(v1::JobSpec spec, FeatureSpec(options.target, common));
  spec.mutable_parameterization()->set_rows(options.rows);
  v1::Objective* diversity = spec.add_objectives();
  diversity->set_weight(options.weight);
  diversity->mutable_diversity()->set_layer(layer);
  return spec;
}

}  // namespace phosphene::client
