// Colour from a base and alpha = sigmoid beside it. Source: Distill 2018,
// transparency.
#include "absl/strings/str_cat.h"
#include "server/engine/params/colored.h"
#include "server/engine/params/latent.h"

namespace phosphene {

// Colour and alpha from one base of four channels; alpha needs no code of its
// own, since the colour map gives a fourth channel a sigmoid.
const ParamKind& RgbaKind() {
  static const ParamKind kind = {
      .arm = "rgba",
      .check =
          [](const v1::Parameterization& spec, absl::string_view path,
             Faults& faults) {
            if (spec.channels() != 0 && spec.channels() != 4) {
              faults.Add(absl::StrCat(path, ".channels"),
                         absl::StrCat(spec.channels(),
                                      " does not fit rgba, which has 4"));
            }
          },
      .make = [](const v1::Parameterization& spec, const ParamContext& context)
          -> absl::StatusOr<std::unique_ptr<Param>> {
        return MakeColored(spec, context.canvas,
                           MakeLatent(spec.rgba(), LatentContext::Of(context)));
      },
      .channels = 4,
      .why_not_from_image = FromAnyImage,
      .why_not_replayed = [](const v1::Parameterization& spec) -> std::string {
        const ParamKind* base = BaseKind(spec.rgba());
        return base == nullptr ? "" : base->why_not_replayed(spec);
      }};
  return kind;
}

}  // namespace phosphene
