#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/ops/shared/thread_trust.h"
#include "server/engine/onnx/ops/shared/window.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// oneDNN lies hidden inside libtorch; these reach its fused convolution through
// the operators that PyTorch's compiler uses (namespace mkldnn of the
// dispatcher).

// Whether this machine's oneDNN convolves the type; tried once.
bool OneDnnConvolves(at::ScalarType type);

// Lays a weight [O,I/group,kh,kw] out as oneDNN likes it for this window and
// input size [N,C,H,W]; other sizes work too.
at::Tensor PackWeight(const at::Tensor& weight, const Window& window,
                      int64_t group, at::IntArrayRef input_sizes);

// A weight in every layout oneDNN has asked for so far, and convolutions by it.
// The best layout depends on the input's size, which random scaling changes
// from step to step, and on the threads in use; a weight in another is turned
// into it again at each call, one element after the other. Thread-safe.
class PackedWeight {
 public:
  // `plain` makes the weight [O,I/group,kh,kw], again for each new size.
  PackedWeight(std::function<at::Tensor()> plain, int64_t group)
      : plain_(std::move(plain)), group_(group) {}

  // x [N,C,H,W], channels_last, convolved by the weight: OneDnnConvolution with
  // the bits of one thread, on as many of AvailableThreads() as keep them
  // (thread_trust.h).
  at::Tensor Convolve(const at::Tensor& x, const at::Tensor& bias,
                      const Window& window, const Activation& activation);

  // The weight as oneDNN likes it for this input size on the threads of
  // OpenMP's present number.
  at::Tensor For(at::IntArrayRef input_sizes, const Window& window);

 private:
  // An opaque tensor and the bytes that describe its layout.
  struct Layout {
    at::Tensor weight, description;
  };
  size_t LayoutOf(const at::Tensor& weight) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  at::Tensor Run(ThreadTrust::Way way, const at::Tensor& x,
                 const at::Tensor& bias, const Window& window,
                 const Activation& activation);
  at::Tensor RunPieces(const at::Tensor& x, const at::Tensor& bias,
                       const Window& window, const Activation& activation);

  int64_t Filters();

  const std::function<at::Tensor()> plain_;
  const int64_t group_;
  std::once_flag filters_once_;
  int64_t filters_ = 0;
  Mutex mu_;
  std::vector<Layout> layouts_ ABSL_GUARDED_BY(mu_);
  // Input sizes, pads and threads -> index of the layout.
  std::map<std::vector<int64_t>, size_t> chosen_ ABSL_GUARDED_BY(mu_);
};

// What decides how oneDNN cuts a convolution of x by that many filters.
ThreadTrust::Key ConvolutionKey(const at::Tensor& x, int64_t filters,
                                const Window& window, int64_t group);

// Convolution with bias (or undefined) and activation. Symmetric pads only.
// Not differentiable.
at::Tensor OneDnnConvolution(const at::Tensor& x,
                             const at::Tensor& packed_weight,
                             const at::Tensor& bias, const Window& window,
                             int64_t group, const Activation& activation);

}  // namespace phosphene::onnx
