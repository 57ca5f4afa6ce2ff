// Says which gradient overrides find nothing to act on.

#include "server/engine/optimize/override_notes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene {
namespace {

// Whether a layer is made by an operator of that trait.
bool HasAny(const NetworkInfo& network, bool onnx::OpTraits::*trait) {
  return std::any_of(network.layers().begin(), network.layers().end(),
                     [&](const v1::Layer& layer) {
                       return onnx::TraitsOf(layer.op()).*trait;
                     });
}

// Asked for by name; AUTO and unspecified are not.
bool WantsRedirect(const v1::GradientOverrides& overrides) {
  return overrides.redirect_relu() == v1::GradientOverrides::REDIRECT_ON;
}

std::string Idle(const char* field, const char* missing) {
  return absl::StrCat("gradient_overrides.", field,
                      " has nothing to act on: the network has no ", missing);
}

}  // namespace

std::vector<std::string> OverrideNotes(const v1::GradientOverrides& overrides,
                                       const NetworkInfo& network) {
  std::vector<std::string> notes;
  const bool relu = HasAny(network, &onnx::OpTraits::rectifier);
  if (WantsRedirect(overrides) && !relu) {
    notes.push_back(
        absl::StrCat(Idle("redirect_relu", "Relu or Clip"),
                     "; other activations, such as GELU, SiLU and HardSwish, "
                     "keep their own gradient"));
  }
  if (overrides.linear_relu() && !relu) {
    notes.push_back(Idle("linear_relu", "Relu or Clip"));
  }
  const bool smoothed =
      overrides.max_pool() == v1::GradientOverrides::AVERAGE ||
      overrides.max_pool() == v1::GradientOverrides::L2;
  if (smoothed && !HasAny(network, &onnx::OpTraits::max_pool)) {
    notes.push_back(Idle("max_pool", "MaxPool"));
  }
  return notes;
}

}  // namespace phosphene
