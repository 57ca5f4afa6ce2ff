// Operators that draw numbers. What they make here is the mean of what they
// would draw: a job is a function of its spec, and its gradients do not shake.

#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

// A tensor of one value; integers live on the CPU.
at::Tensor Constant(const std::vector<int64_t>& shape, double value,
                    at::ScalarType type, at::Device device) {
  CheckSize(shape);
  return at::full(shape, value, at::TensorOptions(type).device(device));
}

OpRun OfShape(const OpInit& init, double mean) {
  init.NeedInputs(0, 0);
  return
      [mean, shape = init.Ints("shape"), device = init.options.device,
       type = init.Computed(init.Type("dtype", at::kFloat))](const Tensors&) {
        return Tensors{Constant(shape, mean, type, device)};
      };
}

OpRun Like(const OpInit& init, double mean) {
  init.NeedInputs(1, 1);
  return [mean, typed = init.Has("dtype"), device = init.options.device,
          type = init.Computed(init.Type("dtype", at::kFloat))](
             const Tensors& in) {
    const at::ScalarType own = in[0].scalar_type();
    const at::ScalarType made = typed                     ? type
                                : at::isFloatingType(own) ? own
                                                          : at::kFloat;
    return Tensors{Constant(in[0].sizes().vec(), mean, made, device)};
  };
}

double NormalMean(const OpInit& init) { return init.Float("mean", 0); }
double UniformMean(const OpInit& init) {
  return (init.Float("low", 0) + init.Float("high", 1)) / 2;
}

}  // namespace

OpRun PrepareRandomNormal(const OpInit& init) {
  return OfShape(init, NormalMean(init));
}
OpRun PrepareRandomUniform(const OpInit& init) {
  return OfShape(init, UniformMean(init));
}
OpRun PrepareRandomNormalLike(const OpInit& init) {
  return Like(init, NormalMean(init));
}
OpRun PrepareRandomUniformLike(const OpInit& init) {
  return Like(init, UniformMean(init));
}

}  // namespace phosphene::onnx
