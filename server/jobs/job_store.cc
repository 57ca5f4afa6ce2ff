// What every JobStore has in common.

#include "server/jobs/job_store.h"

namespace phosphene {

v1::JobEvent StateEvent(const StoredJob& stored) {
  v1::JobEvent event;
  event.set_sequence(stored.sequence);
  *event.mutable_time() = stored.job.update_time();
  *event.mutable_job() = stored.job;
  event.mutable_job()->clear_spec();
  return event;
}

bool HasEnded(v1::Job::State state) {
  return state == v1::Job::SUCCEEDED || state == v1::Job::FAILED ||
         state == v1::Job::CANCELLED;
}

bool HasWorker(v1::Job::State state) {
  return state == v1::Job::RUNNING || state == v1::Job::PAUSING ||
         state == v1::Job::CANCELLING;
}

}  // namespace phosphene
