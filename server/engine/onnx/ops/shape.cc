#include <numeric>

#include "server/engine/onnx/op.h"

namespace phosphene::onnx {

OpRun PrepareConcat(const OpInit& init) {
  init.NeedInputs(1);
  if (!init.Has("axis")) init.Fail("has no axis");
  return [axis = init.Int("axis", 0)](const Tensors& in) {
    return Tensors{in.size() == 1 ? in[0] : at::cat(in, WrapAxis(axis, in[0].dim()))};
  };
}

// Inference only: what comes in goes out, and nothing is masked.
OpRun PrepareDropout(const OpInit& init) {
  init.NeedInputs(1, 3);
  const at::Tensor training = init.Constant(2);
  if (init.HasInput(2) && (!training.defined() || training.item<bool>())) {
    init.Fail("is in training mode; export for inference");
  }
  return [](const Tensors& in) { return Tensors{in[0], at::ones_like(in[0], at::kBool)}; };
}

OpRun PrepareIdentity(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [](const Tensors& in) { return Tensors{in[0]}; };
}

OpRun PrepareFlatten(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [axis = init.Int("axis", 1)](const Tensors& in) {
    const at::IntArrayRef sizes = in[0].sizes();
    const int64_t rank = in[0].dim();
    // An axis equal to the rank is allowed here.
    const int64_t at = axis == rank ? rank : WrapAxis(axis, rank);
    const int64_t rows = std::accumulate(sizes.begin(), sizes.begin() + at, int64_t{1},
                                         std::multiplies<int64_t>());
    const int64_t columns = std::accumulate(sizes.begin() + at, sizes.end(), int64_t{1},
                                            std::multiplies<int64_t>());
    return Tensors{in[0].reshape({rows, columns})};
  };
}

OpRun PrepareReshape(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [keep_zero = init.Flag("allowzero", false)](const Tensors& in) {
    std::vector<int64_t> shape = ToInts(in[1]);
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] != 0 || keep_zero) continue;
      TORCH_CHECK(static_cast<int64_t>(i) < in[0].dim(), "axis ", i, " has no size to keep");
      shape[i] = in[0].size(static_cast<int64_t>(i));
    }
    return Tensors{in[0].reshape(shape)};
  };
}

}  // namespace phosphene::onnx
