// Runs grey, noise and a picture through a network to see whether it is alive.

#include "server/engine/onnx/info/self_check.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/info/range_verdict.h"
#include "server/engine/onnx/info/trial.h"
#include "server/engine/onnx/ops/traits.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/guard.h"

namespace phosphene::onnx {
namespace {

using Activations = std::map<std::string, at::Tensor>;

// A classifier this sure of grey, noise and a picture alike is saturated.
constexpr double kCertain = 0.999;
constexpr int64_t kMaxLayersLookedAt = 400;

// Layers whose activations are compared: outputs of ReLUs and their kin, or of
// convolutions where there are none.
// Those that do not run at the size tried are told elsewhere.
std::vector<std::string> LayersToLookAt(const OpenedNetwork& info) {
  std::vector<std::string> activations, convolutions;
  for (const v1::Layer& layer : info.layers()) {
    if (info.sizes().failed.count(layer.name()) > 0) continue;
    if (TraitsOf(layer.op()).activation) activations.push_back(layer.name());
    if (layer.op() == "Conv") convolutions.push_back(layer.name());
  }
  std::vector<std::string>& chosen =
      activations.empty() ? convolutions : activations;
  if (static_cast<int64_t>(chosen.size()) > kMaxLayersLookedAt)
    chosen.resize(kMaxLayersLookedAt);
  for (auto it = info.layers().rbegin();
       chosen.empty() && it != info.layers().rend(); ++it) {
    if (info.sizes().failed.count(it->name()) == 0)
      chosen.push_back(it->name());
  }
  return chosen;
}

// BatchNormalization nodes and what each reads.
std::vector<std::pair<std::string, at::Tensor>> TrainedVariances(
    const OpenedNetwork& info) {
  std::vector<std::pair<std::string, at::Tensor>> out;
  for (const Node& node : info.graph().nodes) {
    if (node.op != "BatchNormalization" || node.inputs.size() != 5) continue;
    if (info.sizes().failed.count(node.inputs[0]) > 0) continue;
    const auto it = info.graph().constants.find(node.inputs[4]);
    if (it != info.graph().constants.end())
      out.emplace_back(node.inputs[0], it->second);
  }
  return out;
}

// 0 for none.
double Median(std::vector<double> values) {
  if (values.empty()) return 0;
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  return values[values.size() / 2];
}

void CheckFinite(const Activations& photo, std::vector<std::string>* warnings) {
  for (const auto& [layer, value] : photo) {
    if (at::isfinite(value).all().item<bool>()) continue;
    warnings->push_back(absl::StrCat(
        "layer \"", layer,
        "\" holds infinity or NaN on an ordinary picture; range, mean "
        "or std are probably wrong"));
    return;
  }
}

// |photo - grey| / |photo| over the layers: a network that gets values of the
// wrong range sees little but its biases.
std::optional<double> ContrastOf(const std::vector<std::string>& layers,
                                 const Activations& grey,
                                 const Activations& photo) {
  std::vector<double> contrasts;
  for (const std::string& layer : layers) {
    const double norm = photo.at(layer).norm().item<double>();
    const double change =
        (photo.at(layer) - grey.at(layer)).norm().item<double>();
    if (norm > 0) contrasts.push_back(change / norm);
  }
  if (contrasts.empty()) return std::nullopt;
  return Median(contrasts);
}

// Layers that are zero whatever they are shown.
void CheckDead(const std::vector<std::string>& layers, const Activations& grey,
               const Activations& noise, const Activations& photo,
               std::vector<std::string>* warnings) {
  std::vector<std::string> dead;
  for (const std::string& layer : layers) {
    const auto zero = [&](const Activations& a) {
      return a.at(layer).count_nonzero().item<int64_t>() == 0;
    };
    if (zero(grey) && zero(noise) && zero(photo)) dead.push_back(layer);
  }
  if (dead.empty()) return;
  warnings->push_back(
      absl::StrCat(dead.size(), " of ", layers.size(),
                   " activation layers are zero on every test picture, \"",
                   dead[0], "\" first; are the weights trained?"));
}

std::optional<double> VarianceOf(
    const std::vector<std::pair<std::string, at::Tensor>>& trained,
    const Activations& photo) {
  std::vector<double> ratios;
  for (const auto& [layer, variance] : trained) {
    const auto value = photo.find(layer);
    if (value == photo.end() || value->second.dim() != 4 ||
        value->second.size(1) != variance.numel())
      continue;
    const at::Tensor actual =
        value->second.to(at::kFloat).var({0, 2, 3}, false);
    ratios.push_back(
        (actual / (variance.to(at::kFloat) + 1e-12)).median().item<double>());
  }
  if (ratios.empty()) return std::nullopt;
  return Median(ratios);
}

bool IsCertain(const std::string& logits,
               const std::vector<const Activations*>& runs) {
  if (logits.empty()) return false;
  for (const Activations* run : runs) {
    const at::Tensor value = run->at(logits).flatten(1);
    if (value.size(1) < 2 ||
        at::softmax(value, 1).max().item<double>() < kCertain)
      return false;
  }
  return true;
}

}  // namespace

at::Tensor PhotoLikePicture(int64_t channels, int64_t height, int64_t width) {
  const at::Tensor y =
      at::linspace(0, 1, height).view({height, 1}).expand({height, width});
  const at::Tensor x =
      at::linspace(0, 1, width).view({1, width}).expand({height, width});
  std::vector<at::Tensor> planes;
  for (int64_t c = 0; c < channels; ++c) {
    const double hue = static_cast<double>(c % 3);
    at::Tensor plane = 0.75 - 0.35 * y + 0.1 * (hue - 1) * (1 - y);
    // A waving horizon and striped ground.
    const at::Tensor ground = y > 0.6 + 0.05 * at::sin(9 * x);
    plane = at::where(
        ground, 0.35 - 0.08 * hue + 0.15 * at::sin(40 * x + 60 * y * y), plane);
    for (int disc = 0; disc < 6; ++disc) {
      const double cx = 0.13 + 0.16 * disc, cy = 0.3 + 0.11 * ((disc * 5) % 6),
                   r = 0.05 + 0.02 * ((disc * 3) % 5);
      const at::Tensor distance =
          ((x - cx).square() + (y - cy).square()).sqrt();
      const double shade = 0.2 + 0.7 * std::fmod(0.37 * disc + 0.29 * hue, 1.0);
      plane = at::where(distance < r, shade * (1.1 - distance / r), plane);
    }
    for (double f : {17.0, 43.0, 101.0}) {
      plane = plane + (1.5 / f) * at::sin(f * (x * 1.3 + hue) + 0.7 * f * y) *
                          at::cos(f * (y - 0.4 * x));
    }
    planes.push_back(plane.clamp(0, 1));
  }
  return at::stack(planes).unsqueeze(0).to(at::kFloat).contiguous();
}

absl::StatusOr<std::vector<std::string>> SelfCheck(
    const std::shared_ptr<const NetworkInfo>& info) {
  const auto opened = std::dynamic_pointer_cast<const OpenedNetwork>(info);
  const auto trained = TrainedVariances(*opened);
  const std::vector<std::string> looked_at = LayersToLookAt(*opened);
  std::set<std::string> wanted(looked_at.begin(), looked_at.end());
  for (const auto& [layer, variance] : trained) wanted.insert(layer);
  const std::string logits =
      opened->sizes().failed.count(info->Logits()) > 0 ? "" : info->Logits();
  if (!logits.empty()) wanted.insert(logits);
  wanted.erase(opened->config().input());
  if (wanted.empty()) {
    return absl::InvalidArgumentError(
        "the network has no layer that an image reaches");
  }
  ASSIGN_OR_RETURN(auto network,
                   CompileNetwork(info, {wanted.begin(), wanted.end()}, {}));
  const auto [height, width] = opened->ProbeSize();
  std::vector<std::string> warnings;
  const absl::Status tried =
      Guarded("trying the network", [&, h = height, w = width] {
        at::NoGradGuard no_grad;
        const ScopedAllocationLimit memory(Trial::kBytes, Trial::kBytes);
        const int64_t channels = info->input_channels();
        const at::Tensor picture = PhotoLikePicture(channels, h, w);
        const Activations grey = network->Forward(at::full_like(picture, 0.5));
        // A fixed permutation of the picture's pixels: as bright, without
        // structure.
        const at::Tensor order =
            (at::arange(picture.numel() / channels) * 7919) %
            (picture.numel() / channels);
        const Activations noise = network->Forward(
            picture.flatten(2).index_select(2, order).view_as(picture));
        const Activations photo = network->Forward(picture);
        CheckFinite(photo, &warnings);
        if (!warnings.empty()) return;
        RangeEvidence evidence;
        evidence.contrast = ContrastOf(looked_at, grey, photo);
        evidence.variance = VarianceOf(trained, photo);
        evidence.certain = IsCertain(logits, {&grey, &noise, &photo});
        const std::string verdict = RangeVerdict(evidence, info->config());
        if (!verdict.empty()) warnings.push_back(verdict);
        CheckDead(looked_at, grey, noise, photo, &warnings);
      });
  if (absl::IsResourceExhausted(tried)) {
    return std::vector<std::string>{
        absl::StrCat("not done, for want of memory: ", tried.message())};
  }
  // Shapes that depend on what is seen (boxes kept by a detector) fail where
  // nothing is; the layers before them run all the same.
  if (!tried.ok())
    return std::vector<std::string>{
        absl::StrCat("not done: ", tried.message())};
  return warnings;
}

}  // namespace phosphene::onnx
