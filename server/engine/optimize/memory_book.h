#pragma once

#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <utility>

#include "phosphene/v1/job.pb.h"
#include "server/base/mutex.h"
#include "server/engine/engine.h"

namespace phosphene {

// What jobs took, by what decides it: model, layers, canvas, parameterization,
// transforms, precision. Seeds, channels, weights and steps do not. The last
// few hundred kinds; thread-safe.
class MemoryBook {
 public:
  static constexpr size_t kMaxKinds = 512;

  static std::string KindOf(const v1::JobSpec& spec);

  std::optional<JobMemory> Find(const std::string& kind) const;
  // The largest of what was seen holds.
  void Remember(const std::string& kind, const JobMemory& memory);

 private:
  mutable Mutex mu_;
  // Most recently told first.
  std::list<std::pair<std::string, JobMemory>> kinds_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
