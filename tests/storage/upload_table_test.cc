#include "server/storage/upload_table.h"

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

class UploadTableTest : public testing::Test {
 protected:
  // An upload of `bytes` whose writer is still there.
  UploadTable::Lease Write(const std::string& name, int64_t bytes) {
    const auto lease = table_.Begin(name);
    EXPECT_OK(lease);
    table_.Wrote(name, *lease, bytes);
    return *lease;
  }
  void BreakOff(const std::string& name, int64_t bytes) {
    table_.Release(name, Write(name, bytes));
  }

  FakeClock clock_;
  UploadTable table_{
      {.max_partials = 3, .max_partial_bytes = 100, .clock = &clock_}};
};

TEST_F(UploadTableTest, AWriteThatTakesLongIsNotTakenOver) {
  const auto lease = Write("a", 1);
  ASSERT_OK(table_.BeginWrite("a", lease, 1));
  clock_.Advance(absl::Hours(30));
  EXPECT_THAT(table_.Begin("a"), StatusIs(StatusCode::kAborted));
  EXPECT_THAT(table_.TakeExpired(), IsEmpty());
  table_.Wrote("a", lease, 2);
  clock_.Advance(absl::Seconds(10));
  EXPECT_OK(table_.Begin("a"));
  EXPECT_THAT(table_.BeginWrite("a", lease, 1), StatusIs(StatusCode::kAborted));
}

TEST_F(UploadTableTest, AClockThatIsSetBackKeepsNoIdleWriterActive) {
  Write("a", 1);
  clock_.SetBack(absl::Hours(2));
  EXPECT_THAT(table_.Begin("a"), StatusIs(StatusCode::kAborted));
  clock_.Advance(absl::Seconds(10));
  EXPECT_OK(table_.Begin("a"));
}

TEST_F(UploadTableTest, OneWhoseWriterIsGoneIsGoneOnWithAtOnce) {
  BreakOff("a", 1);
  EXPECT_OK(table_.Begin("a"));
}

TEST_F(UploadTableTest, AnUploadThatBroughtNothingLeavesNothing) {
  for (int i = 0; i < 10; ++i) BreakOff(absl::StrCat(i), 0);
  BreakOff("a", 1);
  EXPECT_THAT(table_.TakeExpired(), IsEmpty());
}

TEST_F(UploadTableTest, TheOldestMakeRoom) {
  for (const char* name : {"d", "a", "c", "b"}) {
    BreakOff(name, 10);
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_THAT(table_.TakeExpired(), ElementsAre("d"));
  BreakOff("a", 85);
  EXPECT_THAT(table_.TakeExpired(), ElementsAre("c"));
}

TEST_F(UploadTableTest, TheIdleMakeRoomAndTheirWriterIsTold) {
  const auto idle = Write("idle", 60);
  EXPECT_THAT(table_.TakeExpired(), IsEmpty());
  clock_.Advance(absl::Seconds(10));
  const auto active = Write("active", 60);
  EXPECT_THAT(table_.TakeExpired(), ElementsAre("idle"));
  EXPECT_THAT(table_.BeginWrite("idle", idle, 1),
              StatusIs(StatusCode::kAborted));
  EXPECT_FALSE(table_.End("idle", idle));
  EXPECT_TRUE(table_.End("active", active));
}

TEST_F(UploadTableTest, ActiveOnesAreBoundedByRefusals) {
  const auto lease = Write("a", 60);
  EXPECT_THAT(table_.BeginWrite("a", lease, 41),
              StatusIs(StatusCode::kResourceExhausted, "100 bytes"));
  Write("b", 1);
  Write("c", 1);
  EXPECT_THAT(table_.Begin("d"),
              StatusIs(StatusCode::kResourceExhausted, "3 uploads"));
}

TEST_F(UploadTableTest, WhatAnEarlierProcessLeftExpiresByItsAge) {
  table_.Found("old", 1, clock_.Now() - absl::Hours(25));
  table_.Found("young", 1, clock_.Now() - absl::Hours(23));
  EXPECT_THAT(table_.TakeExpired(), ElementsAre("old"));
}

}  // namespace
}  // namespace phosphene
