// Neighbouring rows agree: -sum over d = 1..4, i of mean (A_i - A_{i+d})^2 /
// ratio^d. Source: lucid objectives.alignment.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"

namespace phosphene {
namespace {

constexpr int64_t kFarthest = 4;  // rows apart, lucid's
constexpr double kDefaultRatio = 2;

class Alignment final : public ObjectiveFn {
 public:
  Alignment(std::string layer, double ratio, int64_t columns)
      : layer_(std::move(layer)), ratio_(ratio), columns_(columns) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor map = view.Layer(layer_);
    const int64_t rows = map.size(0);
    const int64_t columns = columns_ == 0 ? rows : columns_;
    // [lines,columns,C,h,w]
    const at::Tensor grid = map.unflatten(0, {rows / columns, columns});
    at::Tensor out = Along(grid.transpose(0, 1)).transpose(0, 1);
    if (rows > columns) out = out + Along(grid);
    return out.flatten();
  }

 private:
  // Of neighbours along the first of two directions: [a,b,C,h,w] -> [a,b].
  // Each pair's share goes half to either of them, so that the sum over a line
  // is lucid's value.
  at::Tensor Along(const at::Tensor& grid) const {
    const int64_t count = grid.size(0);
    at::Tensor out = grid.sum({2, 3, 4}) * 0;
    for (int64_t d = 1; d <= std::min(kFarthest, count - 1); ++d) {
      const int64_t pairs = count - d;
      const at::Tensor apart =
          (grid.narrow(0, 0, pairs) - grid.narrow(0, d, pairs))
              .square()
              .mean({2, 3, 4});
      const at::Tensor half = apart * (-0.5 / std::pow(ratio_, d));
      out = out + at::constant_pad_nd(half, {0, 0, 0, d}) +
            at::constant_pad_nd(half, {0, 0, d, 0});
    }
    return out;
  }

  std::string layer_;
  double ratio_;
  int64_t columns_;  // 0: all rows in one line
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const std::string arm = absl::StrCat(path, ".alignment");
  const int64_t columns = spec.alignment().columns();
  if (columns > 0 && canvas.rows % columns != 0) {
    faults.Add(absl::StrCat(arm, ".columns"),
               absl::StrCat(columns, " is not a divisor of the ", canvas.rows,
                            " rows"));
  }
  CheckTwoRows(canvas, arm, faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const double ratio = spec.alignment().decay_ratio();
  ASSIGN_OR_RETURN(std::string layer, context.Want(spec.alignment().layer()));
  return std::make_unique<Alignment>(std::move(layer),
                                     ratio == 0 ? kDefaultRatio : ratio,
                                     spec.alignment().columns());
}

}  // namespace

const ObjectiveKind& AlignmentObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "alignment",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .joins_rows = true};
  return kind;
}

}  // namespace phosphene
