#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "server/base/mutex.h"
#include "server/engine/optimize/network_cache.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What one arithmetic costs and how far it is off.
struct PrecisionTrial {
  double fp32_ms =
      0;  // a step of the network, forward and backward, best of some
  double bf16_ms = 0;
  double error =
      0;  // relative L2 distance of the bf16 activations, worst layer
};

// bf16 where it is clearly faster and close enough, else fp32.
at::ScalarType FasterWithinTolerance(const PrecisionTrial& trial);

// Remembers what AUTO found for a (processor, model, layers), so that a spec
// makes the same bytes each time: the first measurement holds, also in later
// processes when there is a file. Thread-safe.
class PrecisionMemory {
 public:
  // `file` is read now and rewritten with each new choice; "" keeps nothing
  // beyond this object. A file that does not parse counts as empty.
  explicit PrecisionMemory(std::string file);

  absl::optional<at::ScalarType> Find(const std::string& key) const;
  // Keeps the first choice for a key; returns the one that holds. A file that
  // cannot be written is logged, once per choice.
  at::ScalarType Remember(const std::string& key, at::ScalarType dtype);

 private:
  void WriteLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::string file_;
  mutable Mutex mu_;
  std::map<std::string, at::ScalarType> choices_ ABSL_GUARDED_BY(mu_);
};

// Measures both on noise of height x width: about a dozen steps.
absl::StatusOr<PrecisionTrial> TryPrecisions(
    NetworkCache& networks, const OpenedModel& model,
    const std::vector<std::string>& layers, CompileOptions options,
    int64_t height, int64_t width);

// Whether the processor multiplies bf16 in hardware; where it does not, bf16 is
// not worth a trial.
bool CpuHasBf16();

}  // namespace phosphene
