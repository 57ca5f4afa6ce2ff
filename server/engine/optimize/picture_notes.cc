// Says when settings left noise or nothing instead of a picture.

#include "server/engine/optimize/picture_notes.h"

#include <algorithm>
#include <cmath>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "server/engine/optimizers/interface.h"

namespace phosphene {
namespace {

// See picture_notes.h for what was measured.
constexpr double kMostShare = 0.6;    // of values at their ends
constexpr double kRough = 0.12;       // between neighbours: noise from here on
constexpr double kMargin = 0.05;      // of an end: near it
constexpr double kMostNear = 0.45;    // of values, where a setting is extreme
constexpr double kHard = 0.07;        // between neighbours, likewise
constexpr double kWholeShare = 0.98;  // of values: nothing else is left
constexpr double kPlain = 0.005;      // between neighbours: one colour below
constexpr double kFarRate = 2.99;     // times the default: 3, as doubles go
constexpr double kHighPower = 3;
constexpr int64_t kMostPixels = int64_t{1} << 22;

bool IsBlank(const EndValues& row) {
  return row.share > kWholeShare && row.rough < kPlain;
}

// The largest exponent of a power anywhere in a message; 1 without one.
double HighestPower(const google::protobuf::Message& message) {
  double highest = 1;
  if (message.GetDescriptor() == v1::PowerObjective::descriptor()) {
    highest = static_cast<const v1::PowerObjective&>(message).exponent();
  }
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != field->CPPTYPE_MESSAGE) continue;
    const int count =
        field->is_repeated() ? reflection->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      highest = std::max(
          highest,
          HighestPower(field->is_repeated()
                           ? reflection->GetRepeatedMessage(message, field, i)
                           : reflection->GetMessage(message, field)));
    }
  }
  return highest;
}

// What most likely did it, and what to change.
struct Cause {
  bool extreme = false;  // a setting is far from what is usual
  std::string words;
};

Cause CauseIn(const v1::JobSpec& spec) {
  const v1::Optimizer& optimizer = spec.optimizer();
  const double usual = FindOptimizerKind(optimizer)->default_learning_rate;
  if (optimizer.has_learning_rate() &&
      optimizer.learning_rate() >= kFarRate * usual) {
    return {true, absl::StrFormat(
                      "the learning rate %g (spec.optimizer.learning_rate, "
                      "--lr) is %.3g times the default %g; try that",
                      optimizer.learning_rate(),
                      optimizer.learning_rate() / usual, usual)};
  }
  double power = 1;
  for (const v1::Objective& objective : spec.objectives())
    power = std::max(power, HighestPower(objective));
  if (power >= kHighPower) {
    return {true,
            absl::StrFormat(
                "an objective to the power %g grows too fast; try 2, or a "
                "smaller learning rate (spec.optimizer.learning_rate, --lr)",
                power)};
  }
  return {false,
          "try a smaller learning rate (spec.optimizer.learning_rate, --lr), "
          "transforms (--transforms standard), or a penalty such as - 0.1*tv() "
          "in the objective"};
}

bool IsNoise(const EndValues& row, bool extreme) {
  return (row.share > kMostShare && row.rough > kRough) ||
         (extreme && row.near > kMostNear && row.rough > kHard);
}

// The canvas, or of a large one as many lines from its middle as may be held.
at::Tensor Looked(const v1::JobSpec& spec, Param& param) {
  const Canvas canvas = CanvasOf(spec.parameterization());
  const int64_t line = canvas.rows * canvas.width;
  if (line * canvas.height <= kMostPixels || !param.renders_in_parts())
    return param.Render(canvas.height, canvas.width);
  const int64_t lines = std::max<int64_t>(2, kMostPixels / line);
  const int64_t begin = std::max<int64_t>(0, (canvas.height - lines) / 2);
  return param.RenderLines(canvas.height, canvas.width, begin,
                           std::min(canvas.height, begin + lines));
}

std::string InRows(const std::vector<size_t>& rows, size_t count) {
  if (count == 1) return "";
  return absl::StrCat(" in row ", absl::StrJoin(rows, ", "));
}

}  // namespace

std::vector<EndValues> EndValuesOf(const at::Tensor& batch) {
  const at::NoGradGuard no_grad;
  std::vector<EndValues> out;
  for (int64_t row = 0; row < batch.size(0); ++row) {
    const at::Tensor image =
        batch[row].narrow(0, 0, std::min<int64_t>(3, batch.size(1)));
    EndValues values;
    values.share = ((image < 1. / 255) | (image > 254. / 255))
                       .to(at::kFloat)
                       .mean()
                       .item<double>();
    values.near = ((image < kMargin) | (image > 1 - kMargin))
                      .to(at::kFloat)
                      .mean()
                      .item<double>();
    int directions = 0;
    for (const int64_t along : {1, 2}) {
      const int64_t size = image.size(along);
      if (size < 2) continue;
      values.rough +=
          (image.narrow(along, 1, size - 1) - image.narrow(along, 0, size - 1))
              .abs()
              .mean()
              .item<double>();
      ++directions;
    }
    if (directions > 0) values.rough /= directions;
    out.push_back(values);
  }
  return out;
}

std::vector<std::string> PictureNotes(const v1::JobSpec& spec, int64_t steps,
                                      Param& param) {
  if (steps == 0 || spec.objectives().empty()) return {};
  const std::vector<EndValues> rows = EndValuesOf(Looked(spec, param));
  const Cause cause = CauseIn(spec);
  std::vector<size_t> noisy, blank;
  double near = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (IsBlank(rows[row])) blank.push_back(row);
    if (!IsNoise(rows[row], cause.extreme)) continue;
    noisy.push_back(row);
    near = std::max(near, rows[row].near);
  }
  std::vector<std::string> notes;
  if (!noisy.empty()) {
    notes.push_back(absl::StrCat(
        std::lround(100 * near),
        " % of the picture's values are near their ends, 0 or 1, hard beside "
        "each other",
        InRows(noisy, rows.size()), ": ", cause.words));
  }
  if (!blank.empty()) {
    notes.push_back(
        absl::StrCat("the picture is of one colour, every value 0 "
                     "or 1",
                     InRows(blank, rows.size()), ": ", cause.words));
  }
  return notes;
}

}  // namespace phosphene
