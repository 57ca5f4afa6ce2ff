// Ids of models, and what the fields of a config have to do with each other.
#include "server/models/model_rules.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/ids.h"
#include "server/base/range_fault.h"
#include "server/rules/rules.h"

namespace phosphene {

absl::StatusOr<std::string> ModelId(absl::string_view name,
                                    absl::string_view field) {
  const absl::string_view id = absl::StripPrefix(name, "models/");
  if (IsPlainName(id)) return std::string(id);
  return FieldError(
      field, absl::StrCat("\"", name.substr(0, 200),
                          "\" names no model; allowed: 1-63 characters of "
                          "a-z 0-9 - _ . that begin with a letter or digit"));
}

void CheckModelConfig(const v1::ModelConfig& config, absl::string_view field,
                      Faults& faults) {
  AddRuleFaults(config, field, faults);
  const double hi = config.has_range_hi() ? config.range_hi() : 1.0;
  const std::string range_hi = absl::StrCat(field, ".range_hi");
  const bool known =
      !faults.Has(range_hi) && !faults.Has(absl::StrCat(field, ".range_lo"));
  if (known && hi <= config.range_lo()) {
    faults.Add(range_hi,
               OutOfRange(NumberText(hi),
                          absl::StrCat("above range_lo, ",
                                       NumberText(config.range_lo()))));
  }
  const int means = config.mean_size(), stds = config.std_size();
  if (means > 1 && stds > 1 && means != stds) {
    faults.Add(absl::StrCat(field, ".std"),
               absl::StrCat("has ", stds, " entries, but mean has ", means,
                            "; allowed: one per channel, or one for all"));
  }
}

}  // namespace phosphene
