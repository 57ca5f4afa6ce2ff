#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "server/base/executor.h"
#include "server/imaging/image.h"

namespace phosphene {

// Works on a job's pictures beside its steps: one after the other, in order, on
// an executor that jobs share. Where it cannot keep up, a picture that still
// waits is dropped for a newer one, unless it must be worked on; of those that
// must, a few wait, then Add does the work itself. Add and Flush are called by
// one thread at a time.
class FrameWorker {
 public:
  struct Picture {
    int64_t step = 0;
    bool keep = false;
    bool must = false;  // is never dropped
    Image8 image;
  };
  // `work` is called by the executor's thread, or within Add and Flush, never
  // concurrently. Without an executor Add does it all. The executor must
  // outlive this.
  FrameWorker(Executor* executor, std::function<void(Picture)> work);
  // Waits for the picture at work; drops those that wait.
  ~FrameWorker();
  FrameWorker(const FrameWorker&) = delete;
  FrameWorker& operator=(const FrameWorker&) = delete;

  void Add(Picture picture);
  // Returns when no picture waits and none is at work.
  void Flush();

 private:
  struct Core;  // outlives this while the executor has a task of it
  Executor* const executor_;
  const std::shared_ptr<Core> core_;
};

}  // namespace phosphene
