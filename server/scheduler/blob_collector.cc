#include "server/scheduler/blob_collector.h"

#include <string>
#include <vector>

#include "server/base/log.h"

namespace phosphene {
namespace {

// At once; the rest waits for the next time, and jobs don't wait long.
constexpr int kBatch = 200;

}  // namespace

int BlobCollector::MaybeCollect() {
  const absl::Time now = clock_.Now();
  {
    MutexLock lock(&mu_);
    if (now - last_ < age_ / 6) return 0;
    last_ = now;
  }
  const auto garbage = store_.ListGarbage(now - age_, kBatch);
  if (!garbage.ok()) return 0;
  std::vector<std::string> deleted;
  for (const std::string& blob : *garbage) {
    const absl::Status status = blobs_.Delete(blob, now - age_);
    if (status.ok()) {
      deleted.push_back(blob);
    } else if (!absl::IsAborted(status)) {
      LogWarn("cannot collect a blob",
              {{"blob", blob}, {"error", std::string(status.message())}});
    }
  }
  const absl::Status forgotten = store_.ForgetGarbage(deleted);
  if (!forgotten.ok()) {
    LogWarn("cannot forget collected blobs",
            {{"error", std::string(forgotten.message())}});
  }
  return static_cast<int>(deleted.size());
}

}  // namespace phosphene
