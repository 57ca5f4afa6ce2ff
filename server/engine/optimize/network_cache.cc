// Networks opened and compiled, shared by jobs and kept for the next.

#include "server/engine/optimize/network_cache.h"

#include <algorithm>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/step_context.h"

namespace phosphene {
namespace {

constexpr size_t kMaxModels = 16;

}  // namespace

absl::StatusOr<OpenedModel> NetworkCache::Open(absl::string_view model) {
  const UnmeteredScope shared;
  ASSIGN_OR_RETURN(const ModelFile file, inputs_->open_model(model));
  const std::string key = absl::StrCat(file.name, "@", file.version);
  {
    const MutexLock lock(&mu_);
    const auto found =
        std::find_if(models_.begin(), models_.end(),
                     [&key](const OpenedModel& m) { return m.key == key; });
    if (found != models_.end()) {
      models_.splice(models_.begin(), models_, found);
      return *found;
    }
  }
  // Parsed outside the lock: two at once do the work twice, and agree.
  OpenedModel opened;
  opened.key = key;
  opened.file_bytes = static_cast<int64_t>(file.onnx.size());
  ASSIGN_OR_RETURN(opened.info, OpenNetwork(file, &opened.notes));
  const MutexLock lock(&mu_);
  models_.push_front(opened);
  if (models_.size() > kMaxModels) models_.pop_back();
  return opened;
}

std::shared_ptr<const Network> NetworkCache::Find(const std::string& key) {
  const auto found =
      std::find_if(compiled_.begin(), compiled_.end(),
                   [&key](const Compiled& one) { return one.key == key; });
  if (found == compiled_.end()) return nullptr;
  compiled_.splice(compiled_.begin(), compiled_, found);
  return found->network;
}

std::vector<NetworkCache::Compiled> NetworkCache::Trim() {
  std::vector<Compiled> dropped;
  int64_t idle = 0;
  for (auto it = compiled_.begin(); it != compiled_.end();) {
    // Only under the lock is another user made, so this one is idle.
    const bool used = it->network.use_count() > 1;
    if (!used) idle += it->bytes;
    if (used || idle <= idle_bytes_) {
      ++it;
      continue;
    }
    dropped.push_back(std::move(*it));
    it = compiled_.erase(it);
  }
  return dropped;
}

absl::StatusOr<std::shared_ptr<const Network>> NetworkCache::Compile(
    const OpenedModel& model, const std::vector<std::string>& layers,
    const CompileOptions& options) {
  std::vector<std::string> sorted = layers;
  std::sort(sorted.begin(), sorted.end());
  std::string key = absl::StrCat(
      model.key, "|", absl::StrJoin(sorted, ","), "|", options.device.str(),
      "|", static_cast<int>(options.dtype), "|",
      static_cast<int>(options.max_pool), "|", options.linear_relu);
  {
    const MutexLock lock(&mu_);
    if (auto known = Find(key); known != nullptr) return known;
  }
  // Outside the lock: two at once do the work twice, and the first one's stays.
  const UnmeteredScope shared;
  const int64_t before = HeldBytes();
  ASSIGN_OR_RETURN(std::shared_ptr<const Network> network,
                   CompileNetwork(model.info, sorted, options));
  // Laid out once more where it is first run.
  const int64_t bytes = std::max(2 * (HeldBytes() - before), model.file_bytes);
  std::vector<Compiled> dropped;  // destroyed after the lock is
  const MutexLock lock(&mu_);
  if (auto known = Find(key); known != nullptr) return known;
  compiled_.push_front({std::move(key), network, bytes});
  dropped = Trim();
  return network;
}

size_t NetworkCache::networks() const {
  const MutexLock lock(&mu_);
  return compiled_.size();
}

}  // namespace phosphene
