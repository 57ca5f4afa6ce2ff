// Fills in what a spec leaves to its network.

#include "server/engine/optimize/completed_spec.h"

#include <algorithm>
#include <set>

#include "server/engine/optimize/spec_check.h"
#include "server/engine/params/interface.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

constexpr int kUsualChannels = 3;
constexpr int64_t kMaxChannels = 64;  // of Parameterization

void FillChannels(const NetworkInfo& network, v1::Parameterization* param) {
  const ParamKind* kind = FindParamKind(*param);
  const int64_t taken = network.input_channels();
  // An arm with channels of its own (rgba), and what paints objects, keep them.
  const bool open =
      kind != nullptr && !kind->has_surface && kind->channels == kUsualChannels;
  if (!open || param->channels() != 0 || taken == kUsualChannels) return;
  if (taken >= 1 && taken <= kMaxChannels)
    param->set_channels(static_cast<int32_t>(taken));
}

// What is stated stays.
void FillFit(const InputSizes& sizes, v1::FitTransform* fit) {
  if (fit->height() == 0) fit->set_height(static_cast<int32_t>(sizes.height));
  if (fit->width() == 0) fit->set_width(static_cast<int32_t>(sizes.width));
  if (fit->multiple() == 0 && sizes.multiple > 1)
    fit->set_multiple(static_cast<int32_t>(sizes.multiple));
  if (fit->least() == 0 && sizes.least > 1)
    fit->set_least(static_cast<int32_t>(sizes.least));
}

bool DoesNothing(const v1::FitTransform& fit) {
  return fit.height() == 0 && fit.width() == 0 && fit.multiple() <= 1 &&
         fit.least() <= 1 && fit.multiple() >= 0 && fit.least() >= 0;
}

}  // namespace

std::vector<std::string> ResolvedLayersOf(const v1::JobSpec& spec,
                                          const NetworkInfo& network) {
  std::set<std::string> layers;
  for (const v1::Objective& objective : spec.objectives()) {
    for (const std::string& name : LayersOf(objective)) {
      const auto resolved = name.empty()
                                ? absl::StatusOr<std::string>(network.Logits())
                                : network.Resolve(name);
      if (resolved.ok() && !resolved->empty()) layers.insert(*resolved);
    }
  }
  return std::vector<std::string>(layers.begin(), layers.end());
}

std::pair<int64_t, int64_t> FittingSize(const InputSizes& sizes, int64_t height,
                                        int64_t width) {
  v1::Transform fit;
  FillFit(sizes, fit.mutable_fit());
  const auto made = FindTransformKind(fit)->make(fit);
  if (made.ok()) (*made)->MinSize(&height, &width);
  return {height, width};
}

v1::JobSpec CompleteSpec(const v1::JobSpec& spec, const NetworkInfo* network) {
  v1::JobSpec whole = spec;
  InputSizes sizes;
  if (network != nullptr) {
    const std::vector<std::string> layers = ResolvedLayersOf(spec, *network);
    if (!layers.empty()) {
      FillChannels(*network, whole.mutable_parameterization());
      sizes = network->SizesOf(layers);
    }
  }
  for (v1::Transform& transform : *whole.mutable_transforms()) {
    if (transform.has_fit()) FillFit(sizes, transform.mutable_fit());
  }
  // At the end alone: what follows is keyed by its place in the list.
  while (!whole.transforms().empty() &&
         whole.transforms(whole.transforms_size() - 1).has_fit() &&
         DoesNothing(whole.transforms(whole.transforms_size() - 1).fit())) {
    whole.mutable_transforms()->RemoveLast();
  }
  if (!spec.has_parameterization() &&
      whole.parameterization().ByteSizeLong() == 0) {
    whole.clear_parameterization();
  }
  return whole;
}

}  // namespace phosphene
