#include "server/scheduler/blob_collector.h"

#include "absl/strings/str_cat.h"
#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;

// Owns what it is told; its look fails when told.
class SomeOwner : public BlobOwner {
 public:
  absl::StatusOr<std::set<std::string>> Owned(
      const std::vector<std::string>&) override {
    if (!error.ok()) return error;
    return owned;
  }
  std::set<std::string> owned;
  absl::Status error;
};

class BlobCollectorTest : public SchedulerFixture {
 protected:
  void SetUp() override {
    SchedulerFixture::SetUp();
    Submit("a");
    RunAll();
    blob_ = Get("a").artifacts(0).blob();
    BlobCollector::Options options;
    options.store = store_.get();
    options.blobs = files_.get();
    options.owners = {&owner_};
    options.clock = &clock_;
    options.executor = ForwardTo(&timer_);
    collector_ = std::make_unique<BlobCollector>(std::move(options));
    collector_->Start();
    timer_.RunAll();
  }
  // Lets time go by, nobody calling anything.
  void Pass(absl::Duration time) {
    for (; time > absl::ZeroDuration(); time -= absl::Minutes(10)) {
      clock_.Advance(absl::Minutes(10));
      timer_.Advance(absl::Minutes(10));
      timer_.RunAll();
    }
  }
  bool IsThere(const std::string& blob) {
    return files_->Read(blob, 0, 0).ok();
  }
  std::string Put(const std::string& bytes) {
    return files_->Put(bytes).value().name;
  }

  std::string blob_;
  SomeOwner owner_;
  ManualExecutor timer_;
  std::unique_ptr<BlobCollector> collector_;
};

TEST_F(BlobCollectorTest, BlobsOfADeletedJobGoAfterAWhile) {
  ASSERT_OK(store_->Delete("jobs/a", "", false));
  Pass(absl::Minutes(30));
  EXPECT_TRUE(IsThere(blob_));
  Pass(absl::Hours(1));
  EXPECT_FALSE(IsThere(blob_));
  EXPECT_GE(collector_->deleted(), 1);
}

TEST_F(BlobCollectorTest, BlobsInUseStay) {
  Pass(absl::Hours(24));
  EXPECT_TRUE(IsThere(blob_));
}

TEST_F(BlobCollectorTest, AnUploadNoJobEverUsedGoesAfterAWhile) {
  const std::string unused = Put("uploaded, and forgotten");
  Pass(absl::Minutes(30));
  EXPECT_TRUE(IsThere(unused));
  Pass(absl::Hours(1));
  EXPECT_FALSE(IsThere(unused));
  EXPECT_TRUE(IsThere(blob_));
}

TEST_F(BlobCollectorTest, AnIdleServerGetsRidOfThousandsWithoutAnyCall) {
  for (int i = 0; i < 1000; ++i) Put(absl::StrCat("unused ", i));
  Pass(absl::Hours(2));
  EXPECT_EQ(collector_->deleted(), 1000);
  EXPECT_TRUE(IsThere(blob_));
}

TEST_F(BlobCollectorTest, ItCollectsWhileAJobRuns) {
  const std::string unused = Put("uploaded, and forgotten");
  bool collected = false;
  engine_.OnStep(3, [&] {
    Pass(absl::Hours(2));
    collected = !IsThere(unused);
  });
  Submit("long");
  RunAll();
  EXPECT_TRUE(collected);
  EXPECT_EQ(State("long"), "SUCCEEDED");
}

TEST_F(BlobCollectorTest, WhatAnotherOwnerHasStays) {
  const std::string network = Put("a network");
  owner_.owned = {network, blob_};
  ASSERT_OK(store_->Delete("jobs/a", "", false));
  Pass(absl::Hours(24));
  EXPECT_TRUE(IsThere(network));
  EXPECT_TRUE(IsThere(blob_)) << "dropped by the job, kept by the owner";
  owner_.owned.clear();
  Pass(absl::Hours(2));
  EXPECT_FALSE(IsThere(network));
  EXPECT_FALSE(IsThere(blob_));
}

TEST_F(BlobCollectorTest, NothingIsDeletedWhileAnOwnerCannotBeAsked) {
  const std::string unused = Put("uploaded, and forgotten");
  owner_.error = absl::UnavailableError("away");
  Pass(absl::Hours(5));
  EXPECT_TRUE(IsThere(unused));
  owner_.error = absl::OkStatus();
  store_->hook = [](const std::string& call) {
    return call == "UsedBlobs" ? absl::UnavailableError("away")
                               : absl::OkStatus();
  };
  Pass(absl::Hours(5));
  EXPECT_TRUE(IsThere(unused));
  store_->hook = nullptr;
  Pass(absl::Hours(1));
  EXPECT_FALSE(IsThere(unused));
}

TEST_F(BlobCollectorTest, ABlobSomebodyLookedAtStaysForThem) {
  ASSERT_OK(store_->Delete("jobs/a", "", false));
  Pass(absl::Minutes(50));
  ASSERT_OK(files_->Stat(blob_));
  Pass(absl::Minutes(50));
  EXPECT_TRUE(IsThere(blob_));
  Pass(absl::Minutes(30));
  EXPECT_FALSE(IsThere(blob_));
}

TEST_F(BlobCollectorTest, BrokenOffUploadsOfAnIdleServerExpire) {
  const std::string name = BlobNameOf("hello");
  { ASSERT_OK(files_->BeginUpload(name, 5, 0).value()->Append("hel")); }
  Pass(absl::Hours(23));
  EXPECT_EQ(files_->QueryUpload(name)->committed_bytes, 3);
  Pass(absl::Hours(2));
  EXPECT_EQ(files_->QueryUpload(name)->committed_bytes, 0);
}

}  // namespace
}  // namespace phosphene
