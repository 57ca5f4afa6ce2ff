// Convolutions by oneDNN on weights it has laid out once.

#include "server/engine/onnx/ops/shared/onednn.h"

#include <optional>
#include <string>

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

namespace phosphene::onnx {
namespace {

using OptionalTensor = std::optional<at::Tensor>;
using ConvSignature = at::Tensor(const at::Tensor&, const at::Tensor&,
                                 const OptionalTensor&, at::IntArrayRef,
                                 at::IntArrayRef, at::IntArrayRef, int64_t,
                                 c10::string_view,
                                 c10::List<std::optional<at::Scalar>>,
                                 std::optional<c10::string_view>);

// Sizes remembered; beyond, they are asked for anew.
constexpr size_t kMaxSizes = 256;
// oneDNN blocks filters by at most 64: fewer know one layout alone.
constexpr int64_t kFewFilters = 64;

// oneDNN's description of how a weight is laid out, as bytes.
at::Tensor Describe(const at::Tensor& packed) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("mkldnn::_get_mkldnn_serialized_md", "")
          .typed<at::Tensor(const at::Tensor&)>();
  return op.call(packed);
}

// Whether this libtorch and this processor convolve that type: tried once.
bool TryConvolution(at::ScalarType type) {
  if (!at::globalContext().userEnabledMkldnn() ||
      !at::globalContext().hasMKLDNN())
    return false;
  try {
    at::NoGradGuard no_grad;
    Window window;
    window.kernel = window.stride = window.dilation = {1, 1};
    window.pad_begin = window.pad_end = {0, 0};
    const at::Tensor x = at::ones({1, 16, 4, 4}, type)
                             .contiguous(at::MemoryFormat::ChannelsLast);
    const at::Tensor weight = at::ones({16, 16, 1, 1}, type);
    const at::Tensor packed = PackWeight(weight, window, 1, x.sizes());
    const at::Tensor y = OneDnnConvolution(x, packed, {}, window, 1, {});
    return y.to(at::kFloat).eq(16).all().item<bool>();
  } catch (const c10::Error&) {
    return false;
  }
}

}  // namespace

bool OneDnnConvolves(at::ScalarType type) {
  static const bool f32 = TryConvolution(at::kFloat);
  static const bool bf16 = TryConvolution(at::kBFloat16);
  return (type == at::kFloat && f32) || (type == at::kBFloat16 && bf16);
}

at::Tensor PackWeight(const at::Tensor& weight, const Window& window,
                      int64_t group, at::IntArrayRef input_sizes) {
  return at::mkldnn_reorder_conv2d_weight(weight.to_mkldnn(), window.pad_begin,
                                          window.stride, window.dilation, group,
                                          input_sizes);
}

size_t PackedWeight::LayoutOf(const at::Tensor& weight) {
  const at::Tensor description = Describe(weight);
  for (size_t i = 0; i < layouts_.size(); ++i) {
    if (at::equal(layouts_[i].description, description)) return i;
  }
  layouts_.push_back({weight, description});
  return layouts_.size() - 1;
}

at::Tensor PackedWeight::For(at::IntArrayRef input_sizes,
                             const Window& window) {
  std::vector<int64_t> key = input_sizes.vec();
  key.insert(key.end(), window.pad_begin.begin(), window.pad_begin.end());
  key.push_back(at::get_num_threads());
  const MutexLock lock(&mu_);
  if (!layouts_.empty() && layouts_[0].weight.size(0) <= kFewFilters)
    return layouts_[0].weight;
  const auto known = chosen_.find(key);
  if (known != chosen_.end()) return layouts_[known->second].weight;
  if (chosen_.size() >= kMaxSizes) chosen_.clear();
  const size_t layout =
      LayoutOf(PackWeight(plain_(), window, group_, input_sizes));
  chosen_.emplace(std::move(key), layout);
  return layouts_[layout].weight;
}

at::Tensor OneDnnConvolution(const at::Tensor& x,
                             const at::Tensor& packed_weight,
                             const at::Tensor& bias, const Window& window,
                             int64_t group, const Activation& activation) {
  static const auto op =
      c10::Dispatcher::singleton()
          .findSchemaOrThrow("mkldnn::_convolution_pointwise", "")
          .typed<ConvSignature>();
  c10::List<std::optional<at::Scalar>> scalars;
  const char* name = "none";
  if (activation.kind == Activation::kRelu) name = "relu";
  if (activation.kind == Activation::kClip) {
    name = "hardtanh";
    scalars.push_back(at::Scalar(0.0));
    scalars.push_back(at::Scalar(activation.max));
  }
  return op.call(x, packed_weight,
                 bias.defined() ? OptionalTensor(bias) : std::nullopt,
                 window.pad_begin, window.stride, window.dilation, group, name,
                 scalars, "");
}

}  // namespace phosphene::onnx
