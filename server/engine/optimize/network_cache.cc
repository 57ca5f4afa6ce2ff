// Networks opened and compiled, kept for the next job.

#include "server/engine/optimize/network_cache.h"

#include <algorithm>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr size_t kMaxModels = 16;
constexpr size_t kMaxIdle =
    4;  // compiled networks hold a copy of their weights

}  // namespace

NetworkLease& NetworkLease::operator=(NetworkLease&& other) {
  if (this != &other) {
    Return();
    cache_ = other.cache_;
    key_ = std::move(other.key_);
    network_ = std::move(other.network_);
  }
  return *this;
}

NetworkLease::~NetworkLease() { Return(); }

void NetworkLease::Return() {
  if (network_ == nullptr) return;
  network_->set_redirect_relu(false);
  cache_->Return(std::move(key_), std::move(network_));
}

absl::StatusOr<OpenedModel> NetworkCache::Open(absl::string_view model) {
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
  ASSIGN_OR_RETURN(opened.info, OpenNetwork(file, &opened.notes));
  const MutexLock lock(&mu_);
  models_.push_front(opened);
  if (models_.size() > kMaxModels) models_.pop_back();
  return opened;
}

absl::StatusOr<NetworkLease> NetworkCache::Compile(
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
    const auto found =
        std::find_if(idle_.begin(), idle_.end(),
                     [&key](const auto& entry) { return entry.first == key; });
    if (found != idle_.end()) {
      std::unique_ptr<Network> network = std::move(found->second);
      idle_.erase(found);
      return NetworkLease(this, std::move(key), std::move(network));
    }
  }
  ASSIGN_OR_RETURN(auto network, CompileNetwork(model.info, sorted, options));
  return NetworkLease(this, std::move(key), std::move(network));
}

void NetworkCache::Return(std::string key, std::unique_ptr<Network> network) {
  std::unique_ptr<Network> dropped;  // destroyed after the lock is
  const MutexLock lock(&mu_);
  idle_.emplace_front(std::move(key), std::move(network));
  if (idle_.size() > kMaxIdle) {
    dropped = std::move(idle_.back().second);
    idle_.pop_back();
  }
}

}  // namespace phosphene
