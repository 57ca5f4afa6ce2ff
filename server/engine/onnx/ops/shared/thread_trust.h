#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "server/base/mutex.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Which ways of spreading an operation of a library over threads give the bits
// that one thread gives. oneDNN cuts some sums by the number of threads (seen:
// 1x1 convolutions of 256 channels and more in f32) and most others not, and
// does not tell; so each kind of operation is tried once in a process, on
// random data, and its bits are compared. Thread-safe.
class ThreadTrust {
 public:
  enum class Way {
    kOneThread,
    kTogether,  // the library spreads it over all threads
    kPieces,    // cut by us, each piece on one thread
  };
  // All that may decide how the library cuts its work: operation, sizes,
  // window, type. The number of threads is added.
  using Key = std::vector<int64_t>;
  // Does the operation on random data (TrialNoise), the same each time, in that
  // way; undefined where it cannot be done so. It sees to its threads itself.
  using Trial = std::function<at::Tensor(Way)>;

  // Of the process.
  static ThreadTrust& Global();

  // The fastest way that makes one thread's bits on AvailableThreads(). Asks
  // `make_trial` for a trial where the key is new; one that throws is not
  // trusted, nor remembered.
  Way For(Key key, const std::function<Trial()>& make_trial);

  // Kinds tried so far, and those of them that stay on one thread.
  int64_t tried() const;
  int64_t alone() const;

 private:
  mutable Mutex mu_;
  absl::flat_hash_map<Key, Way> known_ ABSL_GUARDED_BY(mu_);
};

// Of the sizes, type and memory layout of `like`, which is dense: uniform in
// -1..1, the same in every call.
at::Tensor TrialNoise(const at::Tensor& like);

// Whether both have the same sizes, type and bits.
bool SameBits(const at::Tensor& a, const at::Tensor& b);

}  // namespace phosphene::onnx
