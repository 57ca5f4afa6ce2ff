#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/remote/connection.h"
#include "phosphene/v1/job_service.pb.h"

namespace phosphene::client {

// Whether a state is an end: SUCCEEDED, FAILED, CANCELLED.
bool IsFinal(v1::Job::State state);

// Follows a job and re-attaches by sequence when the connection breaks. A
// thread reads; Next hands the events out. A reader that is slow finds every
// change of state but only the newest progress and frame. Next and status are
// for one thread.
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
  // One stream: OK once the final state came, else why it broke.
  absl::Status Attach();
  void Push(v1::JobEvent event);
  // False when told to stop.
  bool Sleep(absl::Duration duration);

  Connection* const connection_;
  const Options options_;
  std::mutex mutex_;  // guards what follows, down to the thread
  std::condition_variable changed_;
  std::deque<v1::JobEvent> events_;
  std::unique_ptr<grpc::ClientContext> context_;  // of the open stream
  int64_t last_sequence_ = 0;
  bool final_seen_ = false;
  bool received_ = false;  // something came on the present stream
  bool lost_ = false;
  bool lost_told_ = false;
  bool stopped_ = false;
  bool ended_ = false;
  absl::Status status_;
  std::thread thread_;
};

}  // namespace phosphene::client
