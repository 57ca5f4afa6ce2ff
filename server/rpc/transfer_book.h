#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/mutex.h"

namespace phosphene {

// The blob transfers that are open, so that no client holds too many and none
// is held by a client that does nothing. Each costs up to a message of memory
// and a place; what is open is bounded for each host and in all, and one whose
// client neither brings nor takes anything for kIdleSweeps sweeps is broken
// off. Thread-safe.
class TransferBook {
 public:
  static constexpr int kMaxPerHost = 64;
  static constexpr int kMaxOpen = 128;
  // With a sweep every ten seconds: a minute.
  static constexpr int kIdleSweeps = 6;

  // A place in the book, given back with this object. Thread-compatible; must
  // not outlive the book.
  class Ticket {
   public:
    Ticket(TransferBook* book, int64_t number) : book_(book), number_(number) {}
    ~Ticket() { book_->Leave(number_); }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;
    // From now on it is the client's turn.
    void Wait() { book_->SetWaiting(number_, true); }
    // From now on it is ours.
    void Work() { book_->SetWaiting(number_, false); }

   private:
    TransferBook* const book_;
    const int64_t number_;
  };

  // A place for a client at `peer` (as gRPC writes it: `ipv4:1.2.3.4:5678`).
  // `break_off` is called at most once, while the ticket lives, and under the
  // book's lock: neither it nor what gRPC calls within it may touch a ticket.
  // UNAVAILABLE, worth another try, when all places are taken.
  absl::StatusOr<std::unique_ptr<Ticket>> Enter(
      absl::string_view peer, std::function<void()> break_off);

  // Breaks the idle ones off; to be called every ten seconds.
  void Sweep();

 private:
  struct Transfer {
    std::string host;
    std::function<void()> break_off;
    bool waiting = false;
    int sweeps = 0;  // since it began to wait
  };

  void Leave(int64_t number);
  void SetWaiting(int64_t number, bool waiting);

  Mutex mu_;
  int64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  std::map<int64_t, Transfer> open_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, int> by_host_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
