// Transposed convolutions.

#include <algorithm>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/window.h"

namespace phosphene::onnx {
namespace {

struct Transposed {
  Window window;
  std::vector<int64_t> output_padding, output_shape;
  int64_t group = 1;
};

// Pixels to cut off before and after an axis of the uncut output, and the size
// left. ONNX distributes what output_shape or auto_pad leave over as it does
// for pads: SAME_UPPER puts the odd one at the end.
struct Cut {
  int64_t begin, size;
};

Cut CutOf(const Transposed& t, size_t axis, int64_t size) {
  const Window& w = t.window;
  const int64_t uncut = (size - 1) * w.stride[axis] + w.Extent(axis);
  const int64_t whole = uncut + t.output_padding[axis];
  int64_t wanted = whole - w.pad_begin[axis] - w.pad_end[axis];
  if (!t.output_shape.empty()) {
    wanted = t.output_shape[axis];
  } else if (w.auto_pad == Window::kSameUpper ||
             w.auto_pad == Window::kSameLower) {
    wanted = size * w.stride[axis];
  } else {
    return {w.pad_begin[axis], wanted};
  }
  const int64_t total = std::max<int64_t>(whole - wanted, 0);
  const bool odd_first = w.auto_pad == Window::kSameLower;
  return {odd_first ? total - total / 2 : total / 2, wanted};
}

at::Tensor Run(const Transposed& t, const Tensors& in) {
  const size_t rank = t.window.rank();
  const std::vector<int64_t> none(rank, 0);
  const at::Tensor bias = Optional(in, 2);
  at::Tensor y =
      at::convolution(in[0], in[1], std::nullopt, t.window.stride, none,
                      t.window.dilation, /*transposed=*/true, none, t.group);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t axis = 2 + static_cast<int64_t>(i);
    const Cut cut = CutOf(t, i, in[0].size(axis));
    TORCH_CHECK(cut.size >= 1, "the output would have no pixel");
    const int64_t missing =
        std::max<int64_t>(cut.begin + cut.size - y.size(axis), 0);
    if (missing > 0) {
      std::vector<int64_t> pads(2 * (rank - i), 0);
      pads.back() = missing;
      y = at::constant_pad_nd(y, pads, 0);
    }
    y = y.narrow(axis, cut.begin, cut.size);
  }
  if (!bias.defined()) return y;
  std::vector<int64_t> shape(y.dim(), 1);
  shape[1] = bias.numel();
  return y + bias.view(shape);
}

Transposed Read(const OpInit& init, const std::vector<int64_t>& kernel) {
  Transposed t;
  t.window = ReadWindow(init, kernel);
  t.group = init.Int("group", 1);
  if (t.group < 1) init.Fail("has a group below 1");
  t.output_padding =
      init.Ints("output_padding", std::vector<int64_t>(t.window.rank(), 0));
  t.output_shape = init.Ints("output_shape");
  const bool shaped = !t.output_shape.empty();
  if (t.output_padding.size() != t.window.rank() ||
      (shaped && t.output_shape.size() != t.window.rank())) {
    init.Fail("has output_padding or output_shape of another number of axes");
  }
  return t;
}

}  // namespace

OpRun PrepareConvTranspose(const OpInit& init) {
  init.NeedInputs(2, 3);
  const at::Tensor weight = init.Constant(1);
  if (weight.defined() && weight.dim() > 2) {
    const Transposed t = Read(init, weight.sizes().slice(2).vec());
    return [t](const Tensors& in) { return Tensors{Run(t, in)}; };
  }
  // The kernel's size is known when the weight is.
  return [node = init.node, opset = init.opset,
          options = init.options](const Tensors& in) {
    const OpInit late(node, opset, {}, options);
    return Tensors{Run(Read(late, SpatialSizes(in[1]).vec()), in)};
  };
}

}  // namespace phosphene::onnx
