// A sum of tensors of smaller shapes, each stretched over rows, height and
// width: P_i = sigmoid(unique_i + shared). Source: Distill 2018, shared
// parameterization.
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/params/colored.h"
#include "server/engine/params/latent.h"
#include "server/engine/params/stretch.h"

namespace phosphene {
namespace {

constexpr double kDefaultSd = .01;

using SharedTensor = v1::StackParameterization::SharedTensor;

int64_t RowsOf(const SharedTensor& spec) {
  return spec.rows() == 0 ? 1 : spec.rows();
}

int64_t ColumnsOf(const SharedTensor& spec) {
  return spec.columns() == 0 ? 1 : spec.columns();
}

// [n,C,H,W], a grid of n / columns lines -> [rows,C,H,W], a grid of
// rows / grid_columns lines; linear along both directions.
at::Tensor StretchGrid(const at::Tensor& values, int64_t columns, int64_t rows,
                       int64_t grid_columns) {
  const int64_t lines = values.size(0) / columns,
                grid_lines = rows / grid_columns;
  const at::Tensor by_line = values.unflatten(0, {lines, columns});
  const at::Tensor tall = StretchRows(by_line, grid_lines);
  const at::Tensor wide =
      StretchRows(tall.transpose(0, 1).contiguous(), grid_columns);
  return wide.transpose(0, 1).flatten(0, 1);
}

// The per-image part, or none, plus weighted shared tensors of any smaller
// shape, stretched over rows, height and width.
class StackLatent : public Latent {
 public:
  StackLatent(const v1::StackParameterization& spec,
              const LatentContext& context)
      : canvas_(context.canvas),
        grid_columns_(spec.columns()),
        unique_(MakeLatent(spec.unique(), context)) {
    auto draw = static_cast<uint32_t>(unique_ ? unique_->Tensors().size() : 0);
    for (const SharedTensor& shared : spec.shared()) {
      const double sd = shared.has_sd() ? shared.sd() : kDefaultSd;
      shared_.push_back(RandomShared(
          context,
          {RowsOf(shared), canvas_.channels, shared.height(), shared.width()},
          draw++, sd));
      weights_.push_back(shared.has_weight() ? shared.weight() : 1);
      columns_.push_back(ColumnsOf(shared));
    }
  }

  std::vector<ParamTensor> Tensors() override {
    std::vector<ParamTensor> tensors;
    if (unique_) tensors = unique_->Tensors();
    for (ParamTensor& tensor : tensors)
      tensor.name = absl::StrCat("unique.", tensor.name);
    for (size_t i = 0; i < shared_.size(); ++i) {
      tensors.push_back(
          {absl::StrCat("shared", i), shared_[i], /*per_row=*/false});
    }
    return tensors;
  }

  at::Tensor Values() override {
    at::Tensor sum;
    if (unique_) sum = unique_->Values();
    for (size_t i = 0; i < shared_.size(); ++i) {
      // Planes first: there are fewer of them before the rows are stretched.
      at::Tensor part =
          StretchPlanes(shared_[i], canvas_.height, canvas_.width);
      if (weights_[i] != 1) part = part * weights_[i];
      part = grid_columns_ == 0
                 ? StretchRows(part, canvas_.rows)
                 : StretchGrid(part, columns_[i], canvas_.rows, grid_columns_);
      sum = sum.defined() ? sum + part : part;
    }
    return sum.contiguous();
  }

  // The unique part takes all; shared tensors start from nothing.
  absl::Status Set(const at::Tensor& values) override {
    if (!unique_) {
      return absl::UnimplementedError(
          "a stack without a unique part cannot start from an image: what its "
          "tensors share is "
          "too small to hold one");
    }
    for (at::Tensor& shared : shared_) shared.zero_();
    return unique_->Set(values);
  }

 private:
  const Canvas canvas_;
  const int64_t grid_columns_;  // 0: rows form a line
  const std::unique_ptr<Latent> unique_;
  std::vector<at::Tensor> shared_;  // [n,C,h,w] f32
  std::vector<double> weights_;
  std::vector<int64_t> columns_;
};

// The grid of the stack and of its tensors, as far as their rows are known.
void CheckGrid(const v1::StackParameterization& stack, const Canvas& canvas,
               const std::string& path, Faults& faults) {
  const int64_t columns = stack.columns();
  if (canvas.rows == 0 || columns < 0) return;
  if (columns != 0 && canvas.rows % columns != 0) {
    faults.Add(absl::StrCat(path, ".columns"),
               absl::StrCat(columns, " is not a divisor of the ", canvas.rows,
                            " rows"));
    return;
  }
  for (int i = 0; i < stack.shared_size() && !faults.full(); ++i) {
    const SharedTensor& own = stack.shared(i);
    const int64_t held = ColumnsOf(own);
    if (held < 1 || (held == 1 && columns == 0)) continue;
    const bool fits = held <= columns && RowsOf(own) % held == 0 &&
                      RowsOf(own) / held <= canvas.rows / columns;
    if (fits) continue;
    faults.Add(
        absl::StrCat(path, ".shared[", i, "].columns"),
        columns == 0
            ? absl::StrCat(held, " needs a stack of columns")
            : absl::StrCat(RowsOf(own), " rows in ", held,
                           " columns do not fit in the grid of ",
                           canvas.rows / columns, " lines of ", columns));
  }
}

// No tensor holds more than the canvas has, where that is known.
void CheckShared(const SharedTensor& spec, const Canvas& canvas,
                 const std::string& path, Faults& faults) {
  const auto at_most = [&](int64_t value, int64_t most, const char* field) {
    if (most == 0) return;
    RequireRange(static_cast<double>(value), 1, static_cast<double>(most),
                 absl::StrCat(path, ".", field), faults);
  };
  at_most(RowsOf(spec), canvas.rows, "rows");
  at_most(spec.height(), canvas.height, "height");
  at_most(spec.width(), canvas.width, "width");
}

void CheckStack(const v1::Parameterization& spec, absl::string_view path,
                Faults& faults) {
  const std::string stack = absl::StrCat(path, ".stack");
  const Canvas canvas = KnownCanvasOf(spec);
  const int count = spec.stack().shared_size();
  if (!spec.stack().has_unique() && count == 0) {
    faults.Add(stack,
               "is empty; it needs a unique part, shared tensors or both");
  }
  for (int i = 0; i < count && !faults.full(); ++i) {
    CheckShared(spec.stack().shared(i), canvas,
                absl::StrCat(stack, ".shared[", i, "]"), faults);
  }
  CheckGrid(spec.stack(), canvas, stack, faults);
}

std::string WhyNotReplayed(const v1::Parameterization& spec) {
  return "it brings its weights over at each step";
}

}  // namespace

const ParamKind& StackKind() {
  static const ParamKind kind = {
      .arm = "stack",
      .check = CheckStack,
      .make = [](const v1::Parameterization& spec, const ParamContext& context)
          -> absl::StatusOr<std::unique_ptr<Param>> {
        return MakeColored(spec, context.canvas,
                           std::make_unique<StackLatent>(
                               spec.stack(), LatentContext::Of(context)));
      },
      .tensors_have_rows = false,
      .why_not_from_image =
          [](const v1::Parameterization& spec) -> std::string {
        return spec.stack().has_unique() ? "" : "it has no unique part";
      },
      .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
