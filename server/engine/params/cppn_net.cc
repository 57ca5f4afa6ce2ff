// The network of a CPPN, forward and backward, plane by plane.
#include "server/engine/params/cppn_net.h"

#include <cmath>

namespace phosphene {
namespace {

using Cppn = v1::CppnParameterization;

// The activations' constants bring each half of the output to about zero mean
// or unit scale for h ~ N(0,1): with t = atan(h), std t = .670, mean t^2 =
// .449, std t^2 = .396, rms t^2 = .599; mean relu = .399, std relu = .584.
constexpr double kAtanScale = .67;
constexpr double kSquareScale = .6;
constexpr double kSquareMean = .45;
constexpr double kUnbiasedScale = .396;
constexpr double kReluMean = .40;
constexpr double kReluScale = .58;

// Added to the variance (TensorFlow's instance_norm).
constexpr double kNormEpsilon = 1e-6;

double SquareScale(Cppn::Activation activation) {
  return activation == Cppn::UNBIASED ? kUnbiasedScale : kSquareScale;
}

}  // namespace

CppnNet::CppnNet(const CppnShape& shape) : shape_(shape) {
  const int64_t wide = Doubles() ? 2 * shape.hidden : shape.hidden;
  for (int64_t l = 0; l <= shape.depth; ++l) {
    const int64_t in = l == 0 ? shape.inputs : wide;
    const int64_t out = l == shape.depth ? shape.outputs : shape.hidden;
    layers_.push_back({count_, in, out});
    count_ += out * (in + 1);
  }
}

bool CppnNet::Doubles() const {
  return shape_.activation == Cppn::COMPOSITE ||
         shape_.activation == Cppn::UNBIASED;
}

at::Tensor CppnNet::Weight(const at::Tensor& flat, size_t layer) const {
  const Layer& l = layers_[layer];
  return flat.narrow(0, l.offset, l.out * l.in).view({l.out, l.in});
}

at::Tensor CppnNet::Bias(const at::Tensor& flat, size_t layer) const {
  const Layer& l = layers_[layer];
  return flat.narrow(0, l.offset + l.out * l.in, l.out);
}

void CppnNet::ScaleStart(at::Tensor normal) const {
  for (size_t l = 0; l < layers_.size(); ++l) {
    const bool last = l + 1 == layers_.size();
    const double sd = 1 / std::sqrt(static_cast<double>(layers_[l].in));
    Weight(normal, l).mul_(last ? 0 : sd);
    Bias(normal, l).zero_();
  }
}

at::Tensor CppnNet::Activate(const at::Tensor& h) const {
  if (shape_.activation == Cppn::RELU)
    return h.relu().sub_(kReluMean).div_(kReluScale);
  if (shape_.activation == Cppn::ABS) return h.abs();
  at::Tensor out = at::empty({2 * h.size(0), h.size(1)}, h.options());
  at::Tensor first = out.narrow(0, 0, h.size(0));
  at::Tensor second = out.narrow(0, h.size(0), h.size(0));
  at::atan_out(first, h);
  at::mul_out(second, first, first);
  first.mul_(1 / kAtanScale);
  if (shape_.activation == Cppn::UNBIASED) second.sub_(kSquareMean);
  second.mul_(1 / SquareScale(shape_.activation));
  return out;
}

at::Tensor CppnNet::ActivateBackward(const at::Tensor& grad,
                                     const at::Tensor& h) const {
  if (shape_.activation == Cppn::RELU) {
    return grad.mul(1 / kReluScale).masked_fill_(h.le(0), 0);
  }
  if (shape_.activation == Cppn::ABS) return grad * h.sign();
  const at::Tensor first = grad.narrow(0, 0, h.size(0));
  const at::Tensor second = grad.narrow(0, h.size(0), h.size(0));
  const at::Tensor dt =
      h.atan().mul_(second).mul_(2 / SquareScale(shape_.activation));
  return dt.add_(first, 1 / kAtanScale).div_(h.square().add_(1));
}

at::Tensor CppnNet::Forward(const at::Tensor& weights,
                            const at::Tensor& features,
                            CppnStatistics* statistics) const {
  const bool measure = shape_.normalize && statistics->empty();
  at::Tensor x = features;
  for (size_t l = 0; l < layers_.size(); ++l) {
    at::Tensor h =
        at::addmm(Bias(weights, l).unsqueeze(1), Weight(weights, l), x);
    if (l + 1 == layers_.size()) return h;
    if (measure) {
      statistics->mean.push_back(h.mean({1}, /*keepdim=*/true));
      statistics->inverse_sd.push_back(
          h.var({1}, /*unbiased=*/false, /*keepdim=*/true)
              .add_(kNormEpsilon)
              .rsqrt_());
    }
    if (shape_.normalize)
      h.sub_(statistics->mean[l]).mul_(statistics->inverse_sd[l]);
    x = Activate(h);
  }
  return x;
}

at::Tensor CppnNet::Backward(const at::Tensor& weights,
                             const at::Tensor& features,
                             const at::Tensor& grad) const {
  const size_t depth = layers_.size() - 1;
  std::vector<at::Tensor> inputs = {features};  // of each layer
  std::vector<at::Tensor> hidden;               // before each activation
  std::vector<at::Tensor> inverse_sd;
  for (size_t l = 0; l < depth; ++l) {
    at::Tensor h =
        at::addmm(Bias(weights, l).unsqueeze(1), Weight(weights, l), inputs[l]);
    if (shape_.normalize) {
      inverse_sd.push_back(h.var({1}, /*unbiased=*/false, /*keepdim=*/true)
                               .add_(kNormEpsilon)
                               .rsqrt_());
      h.sub_(h.mean({1}, /*keepdim=*/true)).mul_(inverse_sd[l]);
    }
    inputs.push_back(Activate(h));
    hidden.push_back(std::move(h));
  }
  at::Tensor total = at::empty_like(weights);
  at::Tensor g = grad;
  for (size_t l = depth + 1; l-- > 0;) {
    at::Tensor dw = Weight(total, l);
    at::mm_out(dw, g, inputs[l].t());
    at::Tensor db = Bias(total, l);
    at::sum_out(db, g, {1});
    if (l == 0) break;
    g = ActivateBackward(at::mm(Weight(weights, l).t(), g), hidden[l - 1]);
    if (!shape_.normalize) continue;
    // Through (h - mean) / sd: what shifts or scales the pixels has no effect.
    const at::Tensor along =
        hidden[l - 1] * (g * hidden[l - 1]).mean({1}, /*keepdim=*/true);
    g = (g - g.mean({1}, /*keepdim=*/true)).sub_(along).mul_(inverse_sd[l - 1]);
  }
  return total;
}

}  // namespace phosphene
