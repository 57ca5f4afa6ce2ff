#pragma once

#include <deque>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/remote/connection.h"
#include "client/remote/follow_stream.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/base/mutex.h"

namespace phosphene::client {

// Whether a state is an end: SUCCEEDED, FAILED, CANCELLED.
bool IsFinal(v1::Job::State state);

// Follows a job and re-attaches by sequence when the connection breaks. Next
// hands the events out: every change of state, but of progress and frames only
// the newest. A frame counts as dealt with at the call of Next after the one
// that handed it out; only then does the server send more than one further
// (FollowJob), so what a slow reader sees is never old. A server without
// FollowJob is watched by WatchJob. Next and status are for one thread.
class JobWatch {
 public:
  struct Options {
    std::string name;            // jobs/{job}
    int64_t after_sequence = 0;  // 0: from the present state
    bool omit_frames = false;
    // Without an answer for this long the watch ends with UNAVAILABLE.
    absl::Duration give_up = absl::Minutes(5);
  };

  // `connection` must outlive this.
  JobWatch(Connection* connection, Options options);
  // Ends the stream; the job goes on.
  ~JobWatch();

  enum class Got {
    kEvent,    // *event is the next one
    kNothing,  // none came in time
    kLost,     // the connection broke and is being taken up again; told once
    kEnd,      // no more: status() says why
  };
  Got Next(absl::Duration timeout, v1::JobEvent* event);

  // After kEnd: OK when the final state was handed out.
  absl::Status status();

 private:
  void Run();
  // One stream: how it ended.
  grpc::Status Attach();
  grpc::Status Follow(grpc::ClientContext* context,
                      const v1::WatchJobRequest& request);
  grpc::Status Watch(grpc::ClientContext* context,
                     const v1::WatchJobRequest& request);
  // Whether a stream that ended so is worth another.
  bool IsBrokenLocked(const grpc::Status& status) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Push(v1::JobEvent event);
  // Tells the server that the frame handed out last has been dealt with.
  void AcknowledgeLast();
  // False when told to stop.
  bool Sleep(absl::Duration duration);

  Connection* const connection_;
  const Options options_;
  bool watch_only_ = false;  // the server has no FollowJob; Run's alone
  Mutex mutex_;
  CondVar changed_;
  std::deque<v1::JobEvent> events_ ABSL_GUARDED_BY(mutex_);
  // Of the open stream.
  std::unique_ptr<grpc::ClientContext> context_ ABSL_GUARDED_BY(mutex_);
  std::shared_ptr<FollowStream> stream_ ABSL_GUARDED_BY(mutex_);
  int64_t last_sequence_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t shown_frame_ ABSL_GUARDED_BY(mutex_) = 0;  // handed out last; 0: none
  bool final_seen_ ABSL_GUARDED_BY(mutex_) = false;
  // Something came on the present stream; on any.
  bool received_ ABSL_GUARDED_BY(mutex_) = false;
  bool ever_received_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_ ABSL_GUARDED_BY(mutex_) = false;
  bool lost_told_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace phosphene::client
