// Places for blob transfers, and the end of idle ones.

#include "server/rpc/transfer_book.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"

namespace phosphene {
namespace {

// Connections of one host count together; the port tells them apart.
std::string HostOf(absl::string_view peer) {
  return std::string(peer.substr(0, peer.rfind(':')));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TransferBook::Ticket>> TransferBook::Enter(
    absl::string_view peer, std::function<void()> break_off) {
  std::string host = HostOf(peer);
  MutexLock lock(&mu_);
  const auto known = by_host_.find(host);
  const int of_host = known == by_host_.end() ? 0 : known->second;
  if (of_host >= kMaxPerHost || static_cast<int>(open_.size()) >= kMaxOpen) {
    return WithReason(absl::UnavailableError(absl::StrCat(
                          of_host, " transfers of this host are open, ",
                          open_.size(), " in all; at most ", kMaxPerHost,
                          " and ", kMaxOpen, ": try again when one has ended")),
                      "TOO_MANY_TRANSFERS");
  }
  ++by_host_[host];
  const int64_t number = ++last_number_;
  open_[number] = {std::move(host), std::move(break_off)};
  return std::make_unique<Ticket>(this, number);
}

void TransferBook::Leave(int64_t number) {
  MutexLock lock(&mu_);
  const auto it = open_.find(number);
  const auto host = by_host_.find(it->second.host);
  if (--host->second == 0) by_host_.erase(host);
  open_.erase(it);
}

void TransferBook::SetWaiting(int64_t number, bool waiting) {
  MutexLock lock(&mu_);
  Transfer& transfer = open_.at(number);
  transfer.waiting = waiting;
  transfer.sweeps = 0;
}

void TransferBook::Sweep() {
  // Under the lock, so that no transfer ends while it is broken off.
  MutexLock lock(&mu_);
  for (auto& [number, transfer] : open_) {
    if (!transfer.waiting || ++transfer.sweeps != kIdleSweeps) continue;
    transfer.break_off();
  }
}

}  // namespace phosphene
