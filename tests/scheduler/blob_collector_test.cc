#include "server/scheduler/blob_collector.h"

#include "tests/scheduler/scheduler_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;

class BlobCollectorTest : public SchedulerFixture {
 protected:
  void SetUp() override {
    SchedulerFixture::SetUp();
    Submit("a");
    RunAll();
    blob_ = Get("a").artifacts(0).blob();
    collector_ = std::make_unique<BlobCollector>(*sqlite_, *files_, clock_,
                                                 absl::Hours(1));
  }
  std::string blob_;
  std::unique_ptr<BlobCollector> collector_;
};

TEST_F(BlobCollectorTest, BlobsOfADeletedJobGoAfterAWhile) {
  ASSERT_OK(store_->Delete("jobs/a", "", false));
  EXPECT_EQ(collector_->MaybeCollect(), 0);
  EXPECT_OK(files_->Read(blob_, 0, 0));
  clock_.Advance(absl::Hours(2));
  EXPECT_GE(collector_->MaybeCollect(), 1);
  EXPECT_THAT(files_->Read(blob_, 0, 0), StatusIs(StatusCode::kNotFound));
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(collector_->MaybeCollect(), 0);
}

TEST_F(BlobCollectorTest, BlobsInUseStay) {
  clock_.Advance(absl::Hours(24));
  EXPECT_EQ(collector_->MaybeCollect(), 0);
  EXPECT_OK(files_->Get(blob_));
}

TEST_F(BlobCollectorTest, ABlobSomebodyLookedAtStaysForThem) {
  ASSERT_OK(store_->Delete("jobs/a", "", false));
  clock_.Advance(absl::Hours(2));
  ASSERT_OK(files_->Stat(blob_));
  collector_->MaybeCollect();
  EXPECT_OK(files_->Read(blob_, 0, 0));
  clock_.Advance(absl::Hours(2));
  collector_->MaybeCollect();
  EXPECT_THAT(files_->Read(blob_, 0, 0), StatusIs(StatusCode::kNotFound));
}

TEST_F(BlobCollectorTest, ItLooksNowAndThenOnly) {
  EXPECT_EQ(collector_->MaybeCollect(), 0);
  ASSERT_OK(store_->Delete("jobs/a", "", false));
  clock_.Advance(absl::Minutes(9));
  BlobCollector impatient(*sqlite_, *files_, clock_, absl::Minutes(1));
  EXPECT_EQ(collector_->MaybeCollect(), 0);
  EXPECT_GE(impatient.MaybeCollect(), 1);
}

}  // namespace
}  // namespace phosphene
