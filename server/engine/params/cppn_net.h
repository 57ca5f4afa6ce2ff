#pragma once

#include <cstdint>
#include <vector>

#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Shape of a compositional pattern-producing network.
struct CppnShape {
  int64_t inputs = 2;   // features of a pixel: x, y, or four of a torus
  int64_t hidden = 24;  // channels of each hidden layer
  int64_t depth = 8;    // hidden layers
  int64_t outputs = 3;  // channels of the image
  v1::CppnParameterization::Activation activation =
      v1::CppnParameterization::COMPOSITE;
  bool normalize = false;
};

// Statistics of the pixels before each activation, with instance
// normalization: per hidden layer [hidden,1] f32.
struct CppnStatistics {
  std::vector<at::Tensor> mean;
  std::vector<at::Tensor> inverse_sd;
  bool empty() const { return mean.empty(); }
};

// The network as plain arithmetic on one tile of pixels, without autograd: a
// chain of 1x1 convolutions, weights N(0, 1/sqrt(fan_in)), biases 0, the
// output layer 0 (lucid's xy2rgb notebook). One flat vector holds weights and
// biases, layer by layer: W [out,in], then b [out]. Stateless; thread-safe.
class CppnNet {
 public:
  explicit CppnNet(const CppnShape& shape);

  // 8451 for the default shape; 4347 where the activation does not double the
  // channels.
  int64_t weight_count() const { return count_; }
  const CppnShape& shape() const { return shape_; }

  // `normal` [weight_count] of N(0,1), scaled in place to the start.
  void ScaleStart(at::Tensor normal) const;

  // features [inputs,pixels] f32 -> values [outputs,pixels]. With instance
  // normalization `statistics` are used, or, when empty, measured on these
  // pixels and filled in.
  at::Tensor Forward(const at::Tensor& weights, const at::Tensor& features,
                     CppnStatistics* statistics) const;

  // Gradient [weight_count] of sum(values * grad), grad [outputs,pixels].
  // Computes the hidden layers anew instead of keeping them from Forward: for
  // a tile that fits the cache this costs less than memory would, and bounds
  // it. Under instance normalization the tile must be the whole image.
  at::Tensor Backward(const at::Tensor& weights, const at::Tensor& features,
                      const at::Tensor& grad) const;

 private:
  struct Layer {
    int64_t offset = 0;  // of W in the flat vector
    int64_t in = 0;
    int64_t out = 0;
  };
  at::Tensor Weight(const at::Tensor& flat, size_t layer) const;  // [out,in]
  at::Tensor Bias(const at::Tensor& flat, size_t layer) const;    // [out]
  at::Tensor Activate(const at::Tensor& h) const;
  // Gradient on h [hidden,pixels] from the one on Activate(h).
  at::Tensor ActivateBackward(const at::Tensor& grad,
                              const at::Tensor& h) const;
  bool Doubles() const;

  CppnShape shape_;
  std::vector<Layer> layers_;  // depth hidden ones and the output
  int64_t count_ = 0;
};

}  // namespace phosphene
