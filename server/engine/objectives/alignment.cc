#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"

namespace phosphene {
namespace {

constexpr int64_t kFarthest = 4;  // rows apart, lucid's
constexpr double kDefaultRatio = 2;

class Alignment final : public ObjectiveFn {
 public:
  Alignment(std::string layer, double ratio)
      : layer_(std::move(layer)), ratio_(ratio) {}

  // Each pair's share goes half to either row, so that the sum over rows is
  // lucid's value.
  at::Tensor Value(const StepView& view) override {
    const at::Tensor map = view.Layer(layer_);
    const int64_t rows = map.size(0);
    at::Tensor out = map.sum({1, 2, 3}) * 0;
    for (int64_t d = 1; d <= std::min(kFarthest, rows - 1); ++d) {
      const int64_t pairs = rows - d;
      const at::Tensor apart =
          (map.narrow(0, 0, pairs) - map.narrow(0, d, pairs))
              .square()
              .mean({1, 2, 3});
      const at::Tensor half = apart * (-0.5 / std::pow(ratio_, d));
      out = out + at::constant_pad_nd(half, {0, d}) +
            at::constant_pad_nd(half, {d, 0});
    }
    return out;
  }

 private:
  std::string layer_;
  double ratio_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const std::string arm = absl::StrCat(path, ".alignment");
  const double ratio = spec.alignment().decay_ratio();
  CheckLayer(network, spec.alignment().layer(), absl::StrCat(arm, ".layer"),
             faults);
  if (!(ratio >= 0 && std::isfinite(ratio))) {
    faults.Add(absl::StrCat(arm, ".decay_ratio"),
               absl::StrCat(ratio, " is not above 0"));
  }
  if (canvas.rows < 2)
    faults.Add(arm, "needs a canvas of at least 2 rows, this has 1");
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const double ratio = spec.alignment().decay_ratio();
  ASSIGN_OR_RETURN(std::string layer, context.Want(spec.alignment().layer()));
  return std::make_unique<Alignment>(std::move(layer),
                                     ratio == 0 ? kDefaultRatio : ratio);
}

}  // namespace

const ObjectiveKind& AlignmentObjectiveKind() {
  static const ObjectiveKind kind = {"alignment", Check, Make};
  return kind;
}

}  // namespace phosphene
