// Memory that jobs took, remembered for those to come.

#include "server/engine/optimize/memory_book.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/optimize/spec_check.h"

namespace phosphene {

std::string MemoryBook::KindOf(const v1::JobSpec& spec) {
  std::set<std::string> layers;
  for (const v1::Objective& objective : spec.objectives()) {
    for (const std::string& layer : LayersOf(objective)) layers.insert(layer);
  }
  std::string kind = absl::StrCat(spec.model(), "|", absl::StrJoin(layers, ","),
                                  "|", spec.objectives_size(), "|",
                                  static_cast<int>(spec.precision()), "|",
                                  spec.parameterization().SerializeAsString(),
                                  "|", spec.tiling().SerializeAsString(), "|",
                                  spec.optimizer().SerializeAsString());
  for (const v1::Transform& transform : spec.transforms())
    absl::StrAppend(&kind, "|", transform.SerializeAsString());
  return kind;
}

std::optional<JobMemory> MemoryBook::Find(const std::string& kind) const {
  const MutexLock lock(&mu_);
  for (const auto& [known, memory] : kinds_) {
    if (known == kind) return memory;
  }
  return std::nullopt;
}

void MemoryBook::Remember(const std::string& kind, const JobMemory& memory) {
  const MutexLock lock(&mu_);
  JobMemory most = memory;
  for (auto it = kinds_.begin(); it != kinds_.end(); ++it) {
    if (it->first != kind) continue;
    most.held = std::max(most.held, it->second.held);
    most.step = std::max(most.step, it->second.step);
    kinds_.erase(it);
    break;
  }
  kinds_.emplace_front(kind, most);
  if (kinds_.size() > kMaxKinds) kinds_.pop_back();
}

}  // namespace phosphene
