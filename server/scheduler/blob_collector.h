#pragma once

#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/mutex.h"
#include "server/jobs/job_store.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// Deletes blobs that no job refers to any more, once nobody has stored or
// looked at them for `age`: an upload or a new job may be about to use them.
// Thread-safe.
class BlobCollector {
 public:
  // All must outlive this.
  BlobCollector(JobStore& store, BlobStore& blobs, const Clock& clock,
                absl::Duration age)
      : store_(store), blobs_(blobs), clock_(clock), age_(age) {}

  // Collects, at most once in a sixth of `age`. Returns the blobs deleted.
  int MaybeCollect();

 private:
  JobStore& store_;
  BlobStore& blobs_;
  const Clock& clock_;
  const absl::Duration age_;
  Mutex mu_;
  absl::Time last_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace phosphene
