#include "server/rpc/transfer_book.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using Tickets = std::vector<std::unique_ptr<TransferBook::Ticket>>;

class TransferBookTest : public testing::Test {
 protected:
  absl::Status Enter(const std::string& peer, Tickets* tickets) {
    auto ticket = book_.Enter(peer, [this] { ++broken_off_; });
    if (!ticket.ok()) return ticket.status();
    tickets->push_back(*std::move(ticket));
    return absl::OkStatus();
  }
  void Sweep(int times) {
    for (int i = 0; i < times; ++i) book_.Sweep();
  }

  TransferBook book_;
  int broken_off_ = 0;
};

TEST_F(TransferBookTest, AHostHasItsPlacesWhateverItsConnections) {
  Tickets greedy, other;
  for (int i = 0; i < TransferBook::kMaxPerHost; ++i)
    ASSERT_OK(Enter(absl::StrCat("ipv4:10.0.0.1:", 5000 + i), &greedy));
  EXPECT_THAT(Enter("ipv4:10.0.0.1:7777", &greedy),
              StatusIs(StatusCode::kUnavailable, "64 transfers of this host"));
  EXPECT_OK(Enter("ipv4:10.0.0.2:7777", &other));
  greedy.pop_back();
  EXPECT_OK(Enter("ipv4:10.0.0.1:7777", &greedy));
}

TEST_F(TransferBookTest, AllHostsTogetherAreBounded) {
  Tickets all;
  for (int i = 0; i < TransferBook::kMaxOpen; ++i)
    ASSERT_OK(Enter(absl::StrCat("ipv6:[::", i, "]:5000"), &all));
  EXPECT_THAT(Enter("ipv4:10.0.0.2:7777", &all),
              StatusIs(StatusCode::kUnavailable, "128 in all"));
  all.clear();
  EXPECT_OK(Enter("unix:", &all));
}

TEST_F(TransferBookTest, AnIdleClientIsBrokenOffOnce) {
  Tickets tickets;
  ASSERT_OK(Enter("unix:", &tickets));
  tickets[0]->Wait();
  Sweep(TransferBook::kIdleSweeps - 1);
  EXPECT_EQ(broken_off_, 0);
  Sweep(10);
  EXPECT_EQ(broken_off_, 1);
}

TEST_F(TransferBookTest, AClientThatMovesIsNot) {
  Tickets tickets;
  ASSERT_OK(Enter("unix:", &tickets));
  for (int i = 0; i < 10; ++i) {
    tickets[0]->Wait();
    Sweep(TransferBook::kIdleSweeps - 1);
    tickets[0]->Work();
  }
  Sweep(100);  // our own work may take its time
  EXPECT_EQ(broken_off_, 0);
}

}  // namespace
}  // namespace phosphene
