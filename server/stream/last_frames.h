#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/stream/event.h"

namespace phosphene {

// The last frame of each job, running or not, to show to watchers that come
// later. Within a budget of bytes: the oldest go first. Thread-compatible.
class LastFrames {
 public:
  explicit LastFrames(size_t budget) : budget_(budget) {}

  // Keeps a job's frame instead of the one before. Returns the jobs that have
  // none any more for want of room, this one perhaps among them.
  std::vector<std::string> Keep(const std::string& job,
                                std::shared_ptr<const HubEvent> frame);
  void Drop(absl::string_view job);
  // Null when there is none.
  std::shared_ptr<const HubEvent> Find(absl::string_view job) const;

 private:
  struct Kept {
    std::shared_ptr<const HubEvent> frame;
    std::list<std::string>::iterator age;  // in by_age_
  };

  const size_t budget_;
  size_t bytes_ = 0;
  std::map<std::string, Kept, std::less<>> frames_;
  std::list<std::string> by_age_;  // jobs, the oldest frame first
};

}  // namespace phosphene
