// Looks for NaN and infinity among a network's weights.

#include "server/engine/onnx/adapt/damage.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

struct Finiteness {
  bool nan = false;
  bool infinite = false;
};

Finiteness Scan(const at::Tensor& tensor) {
  Finiteness out;
  if (!at::isFloatingType(tensor.scalar_type()) || tensor.numel() == 0)
    return out;
  // Most tensors are finite f32: their exponents tell, without a float compare.
  if (tensor.scalar_type() == at::kFloat && tensor.is_contiguous()) {
    constexpr uint32_t kExponent = 0x7f800000;
    const auto* bits = static_cast<const uint32_t*>(tensor.const_data_ptr());
    uint32_t found = 0;
    for (int64_t i = 0; i < tensor.numel(); ++i)
      found |= (bits[i] & kExponent) == kExponent;
    if (found == 0) return out;
  }
  out.nan = at::isnan(tensor).any().item<bool>();
  out.infinite = at::isinf(tensor).any().item<bool>();
  return out;
}

}  // namespace

Damage::Damage(const Graph& graph) {
  std::unordered_set<std::string> weights;
  for (const Node& node : graph.nodes) {
    if (TraitsOf(node.op).takes_weights)
      weights.insert(node.inputs.begin(), node.inputs.end());
  }
  for (const auto& [name, tensor] : graph.constants) {
    const Finiteness found = Scan(tensor);
    if (found.nan || (found.infinite && weights.count(name) > 0))
      found_.emplace_back(name, found.nan ? "NaN" : "infinity");
  }
  if (!found_.empty()) nodes_ = graph.nodes;
}

absl::Status Damage::CheckUsed(const Graph& graph) const {
  if (found_.empty()) return absl::OkStatus();
  // What is kept, and backwards what that was made of.
  std::unordered_set<std::string> used;
  for (const Node& node : graph.nodes) {
    used.insert(node.inputs.begin(), node.inputs.end());
    used.insert(node.outputs.begin(), node.outputs.end());
  }
  for (size_t i = nodes_.size(); i-- > 0;) {
    const Node& node = nodes_[i];
    const bool needed =
        std::any_of(node.outputs.begin(), node.outputs.end(),
                    [&](const auto& o) { return used.count(o) > 0; });
    if (needed) used.insert(node.inputs.begin(), node.inputs.end());
  }
  for (const auto& [name, what] : found_) {
    if (used.count(name) == 0) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("tensor \"", name, "\" holds ", what,
                     "; the file is damaged or was not trained"));
  }
  return absl::OkStatus();
}

}  // namespace phosphene::onnx
