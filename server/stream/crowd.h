#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace phosphene {

// One watch of a job, as the question who may watch it sees it.
struct Seat {
  int64_t id = 0;
  std::string peer;  // whose it is; "" for nobody's, which is not counted
  // Since when its reader has not read; InfiniteFuture: it does.
  absl::Time unread_since = absl::InfiniteFuture();
};

struct CrowdLimits {
  int per_job = 256;
  int per_peer = 64;  // of one job, so that one peer cannot keep all others out
  // A watch may be ended for a newcomer when it was not read for so long.
  absl::Duration unread_after = absl::Seconds(2);
};

// Whose watch has to end so that `peer` may watch a job with these seats;
// nothing when there is room. The one not read for the longest goes: of the
// peer's own when the peer has its number, else of all.
// RESOURCE_EXHAUSTED: there is no room and all of them are read. Pure.
absl::StatusOr<std::optional<int64_t>> MakeRoom(const std::vector<Seat>& seats,
                                                absl::string_view job,
                                                absl::string_view peer,
                                                const CrowdLimits& limits,
                                                absl::Time now);

}  // namespace phosphene
