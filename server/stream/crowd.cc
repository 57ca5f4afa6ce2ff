// Who may watch a job when many do.
#include "server/stream/crowd.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"

namespace phosphene {
namespace {

// The seat not read for the longest, if any was for long enough.
const Seat* Idlest(const std::vector<Seat>& seats, absl::string_view peer,
                   absl::Time unread_before) {
  const Seat* idlest = nullptr;
  for (const Seat& seat : seats) {
    if (!peer.empty() && seat.peer != peer) continue;
    if (seat.unread_since > unread_before) continue;
    if (idlest == nullptr || seat.unread_since < idlest->unread_since)
      idlest = &seat;
  }
  return idlest;
}

}  // namespace

absl::StatusOr<std::optional<int64_t>> MakeRoom(const std::vector<Seat>& seats,
                                                absl::string_view job,
                                                absl::string_view peer,
                                                const CrowdLimits& limits,
                                                absl::Time now) {
  int own = 0;
  for (const Seat& seat : seats) own += !peer.empty() && seat.peer == peer;
  const bool peer_full = own >= limits.per_peer;
  const bool job_full = static_cast<int>(seats.size()) >= limits.per_job;
  if (!peer_full && !job_full) return std::nullopt;
  if (const Seat* idlest =
          Idlest(seats, peer_full ? peer : "", now - limits.unread_after)) {
    return idlest->id;
  }
  return WithReason(
      absl::ResourceExhaustedError(
          peer_full ? absl::StrCat(job, " has ", own, " watches of ", peer,
                                   " already, the most allowed for one peer")
                    : absl::StrCat(job, " has ", seats.size(),
                                   " watches already, the most allowed")),
      "TOO_MANY_WATCHES");
}

}  // namespace phosphene
