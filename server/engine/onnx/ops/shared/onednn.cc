// Convolutions by oneDNN on weights it has laid out once.

#include "server/engine/onnx/ops/shared/onednn.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include "server/engine/tensor/step_context.h"
#include "server/engine/tensor/width.h"

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
// Fewer pixels are not worth a thread of their own.
constexpr int64_t kLeastPixels = 16;

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

// Whether each pixel of the output is made from one of the input.
bool ByPixels(const Window& window, int64_t group) {
  const auto all = [](const std::vector<int64_t>& values, int64_t value) {
    return std::all_of(values.begin(), values.end(),
                       [value](int64_t each) { return each == value; });
  };
  return group == 1 && all(window.kernel, 1) && all(window.stride, 1) &&
         all(window.pad_begin, 0) && all(window.pad_end, 0);
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
  const UnmeteredScope of_the_network;
  const size_t layout =
      LayoutOf(PackWeight(plain_(), window, group_, input_sizes));
  chosen_.emplace(std::move(key), layout);
  return layouts_[layout].weight;
}

at::Tensor PackedWeight::RunPieces(const at::Tensor& x, const at::Tensor& bias,
                                   const Window& window,
                                   const Activation& activation) {
  const int64_t pieces = AvailableThreads(), channels = x.size(1),
                pixels = x.size(2) * x.size(3);
  if (!ByPixels(window, group_) || x.size(0) != 1 ||
      pixels < pieces * kLeastPixels) {
    return {};
  }
  // The pixels of a channels_last picture follow each other like those of a
  // picture of one line.
  const at::Tensor line = x.permute({0, 2, 3, 1})
                              .view({1, 1, pixels, channels})
                              .permute({0, 3, 1, 2});
  const int64_t most = (pixels + pieces - 1) / pieces;
  at::Tensor weight;
  {
    const OneThread alone;
    weight = For({1, channels, 1, most}, window);
  }
  at::Tensor y =
      at::empty({1, x.size(2), x.size(3), weight.size(0)}, x.options());
  const at::Tensor lines = y.view({pixels, weight.size(0)});
  EachAlone(pieces, [&](int64_t i) {
    const int64_t begin = pixels * i / pieces, end = pixels * (i + 1) / pieces;
    const at::Tensor piece =
        OneDnnConvolution(line.narrow(3, begin, end - begin), weight, bias,
                          window, group_, activation);
    lines.narrow(0, begin, end - begin)
        .copy_(piece.permute({0, 2, 3, 1}).reshape({end - begin, -1}));
  });
  return y.permute({0, 3, 1, 2});
}

at::Tensor PackedWeight::Run(ThreadTrust::Way way, const at::Tensor& x,
                             const at::Tensor& bias, const Window& window,
                             const Activation& activation) {
  if (way == ThreadTrust::Way::kPieces)
    return RunPieces(x, bias, window, activation);
  std::optional<Widened> wide;
  std::optional<OneThread> alone;
  if (way == ThreadTrust::Way::kTogether) {
    wide.emplace();
  } else {
    alone.emplace();
  }
  return OneDnnConvolution(x, For(x.sizes(), window), bias, window, group_,
                           activation);
}

at::Tensor PackedWeight::Convolve(const at::Tensor& x, const at::Tensor& bias,
                                  const Window& window,
                                  const Activation& activation) {
  const auto make_trial = [&]() -> ThreadTrust::Trial {
    const at::Tensor weight = TrialNoise(plain_());
    // For this trial alone: its weights are no network's.
    auto packed =
        std::make_shared<PackedWeight>([weight] { return weight; }, group_);
    return [=, noise = TrialNoise(x)](ThreadTrust::Way way) {
      return packed->Run(way, noise, bias, window, activation);
    };
  };
  ThreadTrust::Way way = ThreadTrust::Way::kOneThread;
  if (AvailableThreads() > 1) {
    ThreadTrust::Key key = ConvolutionKey(x, Filters(), window, group_);
    key.insert(key.end(), {activation.kind, bias.defined() ? 1 : 0});
    way = ThreadTrust::Global().For(std::move(key), make_trial);
  }
  return Run(way, x, bias, window, activation);
}

int64_t PackedWeight::Filters() {
  std::call_once(filters_once_, [this] { filters_ = plain_().size(0); });
  return filters_;
}

ThreadTrust::Key ConvolutionKey(const at::Tensor& x, int64_t filters,
                                const Window& window, int64_t group) {
  ThreadTrust::Key key = {static_cast<int64_t>(x.scalar_type()), filters,
                          group};
  for (const at::IntArrayRef part :
       {x.sizes(), at::IntArrayRef(window.kernel),
        at::IntArrayRef(window.stride), at::IntArrayRef(window.pad_begin),
        at::IntArrayRef(window.pad_end), at::IntArrayRef(window.dilation)}) {
    key.insert(key.end(), part.begin(), part.end());
  }
  return key;
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
