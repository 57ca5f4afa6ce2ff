// Operators that make one number of many along axes.

#include <algorithm>
#include <limits>
#include <numeric>

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

using Axes = std::vector<int64_t>;
using Reduction = at::Tensor (*)(const at::Tensor& x, at::IntArrayRef axes,
                                 bool keep);

// Axes come as an attribute, later (from `input_since` on) as an input. None
// means all, or with noop_with_empty_axes nothing.
OpRun Reduce(const OpInit& init, int64_t input_since, Reduction reduction) {
  init.NeedInputs(1, 2);
  const bool keep = init.Flag("keepdims", true);
  const bool none_is_noop = init.Flag("noop_with_empty_axes", false);
  const Axes stated = init.Ints("axes");
  const bool by_input = init.opset >= input_since;
  return [=](const Tensors& in) {
    Axes axes = stated;
    if (by_input && Optional(in, 1).defined()) axes = ToInts(in[1]);
    if (axes.empty() && none_is_noop) return Tensors{in[0]};
    if (axes.empty()) {
      axes.resize(in[0].dim());
      std::iota(axes.begin(), axes.end(), 0);
    }
    for (int64_t& axis : axes) axis = WrapAxis(axis, in[0].dim());
    return Tensors{reduction(in[0], axes, keep).to(in[0].scalar_type())};
  };
}

at::Tensor Sum(const at::Tensor& x, at::IntArrayRef axes, bool keep) {
  return at::sum(x, axes, keep);
}

// Extremes of nothing are the neutral element.
at::Tensor Extreme(const at::Tensor& x, at::IntArrayRef axes, bool keep,
                   bool largest) {
  if (x.numel() == 0) {
    const double edge = std::numeric_limits<double>::infinity();
    return at::sum(x, axes, keep) + (largest ? -edge : edge);
  }
  const at::Tensor values = x.scalar_type() == at::kBool ? x.to(at::kByte) : x;
  return largest ? at::amax(values, axes, keep) : at::amin(values, axes, keep);
}

at::Tensor Product(at::Tensor x, at::IntArrayRef axes, bool keep) {
  // One axis after another, from the last, so that the numbers stay valid.
  Axes sorted = axes.vec();
  std::sort(sorted.rbegin(), sorted.rend());
  for (int64_t axis : sorted) x = at::prod(x, axis, keep);
  return x;
}

OpRun ArgExtreme(const OpInit& init, bool largest) {
  init.NeedInputs(1, 1);
  return [=, axis = init.Int("axis", 0), keep = init.Flag("keepdims", true),
          last = init.Flag("select_last_index", false)](const Tensors& in) {
    const int64_t along = WrapAxis(axis, in[0].dim());
    const at::Tensor x = last ? in[0].flip(along) : in[0];
    const at::Tensor index =
        largest ? at::argmax(x, along, keep) : at::argmin(x, along, keep);
    return Tensors{last ? in[0].size(along) - 1 - index : index};
  };
}

// Running sums and the like along an axis; exclusive: without the element
// itself, so that the first is `neutral`.
OpRun Running(const OpInit& init, int64_t neutral,
              at::Tensor (*fn)(const at::Tensor& x, int64_t axis)) {
  init.NeedInputs(2, 2);
  return [neutral, fn, exclusive = init.Flag("exclusive", false),
          reverse = init.Flag("reverse", false)](const Tensors& in) {
    const int64_t axis = WrapAxis(ToInts(in[1]).at(0), in[0].dim());
    at::Tensor x = reverse ? in[0].flip(axis) : in[0];
    if (exclusive && x.size(axis) > 0) {
      x = at::cat({at::full_like(x.narrow(axis, 0, 1), neutral),
                   x.narrow(axis, 0, x.size(axis) - 1)},
                  axis);
    }
    const at::Tensor y = fn(x, axis);
    return Tensors{(reverse ? y.flip(axis) : y).to(in[0].scalar_type())};
  };
}

}  // namespace

OpRun PrepareReduceSum(const OpInit& init) { return Reduce(init, 13, Sum); }
OpRun PrepareReduceMean(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  const bool whole = !at::isFloatingType(x.scalar_type());
                  return at::mean(whole ? x.to(at::kDouble) : x, axes, keep);
                });
}
OpRun PrepareReduceMax(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return Extreme(x, axes, keep, true);
                });
}
OpRun PrepareReduceMin(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return Extreme(x, axes, keep, false);
                });
}
OpRun PrepareReduceProd(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return Product(x, axes, keep);
                });
}
OpRun PrepareReduceL1(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return Sum(x.abs(), axes, keep);
                });
}
OpRun PrepareReduceL2(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  const bool whole = !at::isFloatingType(x.scalar_type());
                  return at::linalg_vector_norm(whole ? x.to(at::kDouble) : x,
                                                2, axes, keep);
                });
}
OpRun PrepareReduceSumSquare(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return Sum(x * x, axes, keep);
                });
}
OpRun PrepareReduceLogSum(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return Sum(x, axes, keep).log();
                });
}
// Without overflow: the largest element is taken out first.
OpRun PrepareReduceLogSumExp(const OpInit& init) {
  return Reduce(init, 18,
                [](const at::Tensor& x, at::IntArrayRef axes, bool keep) {
                  return at::logsumexp(x, axes, keep);
                });
}

OpRun PrepareArgMax(const OpInit& init) { return ArgExtreme(init, true); }
OpRun PrepareArgMin(const OpInit& init) { return ArgExtreme(init, false); }

OpRun PrepareCumSum(const OpInit& init) {
  return Running(init, 0, [](const at::Tensor& x, int64_t axis) {
    return at::cumsum(x, axis);
  });
}
OpRun PrepareCumProd(const OpInit& init) {
  return Running(init, 1, [](const at::Tensor& x, int64_t axis) {
    return at::cumprod(x, axis);
  });
}

OpRun PrepareTopK(const OpInit& init) {
  init.NeedInputs(1, 2);
  const int64_t stated = init.Int("k", -1);
  return [stated, axis = init.Int("axis", -1),
          largest = init.Flag("largest", true)](const Tensors& in) {
    const int64_t along = WrapAxis(axis, in[0].dim());
    const int64_t k = Optional(in, 1).defined() ? ToInts(in[1]).at(0) : stated;
    TORCH_CHECK(k >= 0 && k <= in[0].size(along), "the ", k, " largest of ",
                in[0].size(along), " are asked for");
    // Of equal elements the first counts, which a stable sort gives.
    const auto [values, indices] =
        at::sort(in[0], /*stable=*/true, along, largest);
    return Tensors{values.narrow(along, 0, k), indices.narrow(along, 0, k)};
  };
}

}  // namespace phosphene::onnx
