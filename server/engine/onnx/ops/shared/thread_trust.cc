// Tries which operations give the same bits on one thread and on many.

#include "server/engine/onnx/ops/shared/thread_trust.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/step_context.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

// Beyond, all are forgotten and tried anew. Eleven sizes of a network of 200
// convolutions, forward and back, are 4,400; a kind takes about 300 bytes.
constexpr size_t kMaxKinds = size_t{1} << 15;

// A prime, so that the noise does not repeat with channels or rows.
constexpr int64_t kNoise = 65521;
constexpr uint64_t kNoiseSeed = 1;

const at::Tensor& Noise() {
  static const at::Tensor noise =
      Rng(kNoiseSeed, RngStream::kInit).UniformTensor({kNoise}) * 2 - 1;
  return noise;
}

ThreadTrust::Way Try(const ThreadTrust::Trial& trial) {
  using Way = ThreadTrust::Way;
  const at::Tensor alone = trial(Way::kOneThread);
  for (const Way way : {Way::kTogether, Way::kPieces}) {
    const at::Tensor spread = trial(way);
    if (spread.defined() && SameBits(alone, spread)) return way;
  }
  return Way::kOneThread;
}

}  // namespace

ThreadTrust& ThreadTrust::Global() {
  static ThreadTrust trust;
  return trust;
}

ThreadTrust::Way ThreadTrust::For(Key key,
                                  const std::function<Trial()>& make_trial) {
  const int threads = AvailableThreads();
  if (threads <= 1) return Way::kOneThread;
  key.push_back(threads);
  {
    const MutexLock lock(&mu_);
    const auto known = known_.find(key);
    if (known != known_.end()) return known->second;
  }
  Way way = Way::kOneThread;
  try {
    const at::NoGradGuard no_grad;
    const UnmeteredScope nobodys;
    way = Try(make_trial());
  } catch (const c10::Error&) {
    return Way::kOneThread;  // what is wrong the real run tells
  }
  const MutexLock lock(&mu_);
  if (known_.size() >= kMaxKinds) known_.clear();
  known_.emplace(std::move(key), way);
  return way;
}

int64_t ThreadTrust::tried() const {
  const MutexLock lock(&mu_);
  return static_cast<int64_t>(known_.size());
}

int64_t ThreadTrust::alone() const {
  const MutexLock lock(&mu_);
  return std::count_if(known_.begin(), known_.end(), [](const auto& kind) {
    return kind.second == Way::kOneThread;
  });
}

at::Tensor TrialNoise(const at::Tensor& like) {
  at::Tensor out = at::empty_like(like);
  const at::Tensor noise = Noise().to(like.scalar_type());
  // Through its memory, in whatever order its axes lie there.
  at::Tensor flat = out.as_strided({out.numel()}, {1});
  for (int64_t at = 0; at < flat.numel(); at += kNoise) {
    const int64_t count = std::min(kNoise, flat.numel() - at);
    flat.narrow(0, at, count).copy_(noise.narrow(0, 0, count));
  }
  return out;
}

bool SameBits(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type())
    return false;
  const bool as_they_lie =
      a.strides() == b.strides() && a.is_non_overlapping_and_dense();
  const at::Tensor left = as_they_lie ? a : a.contiguous(),
                   right = as_they_lie ? b : b.contiguous();
  return std::memcmp(left.const_data_ptr(), right.const_data_ptr(),
                     left.nbytes()) == 0;
}

}  // namespace phosphene::onnx
