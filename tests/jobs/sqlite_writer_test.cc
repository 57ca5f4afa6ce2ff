#include "server/jobs/sqlite_writer.h"

#include <atomic>
#include <thread>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;

class SqliteWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto db = SqliteDb::Open(directory_.path() + "/db");
    ASSERT_OK(db);
    ASSERT_OK((*db)->ExecuteScript("CREATE TABLE t (n INTEGER UNIQUE)"));
    writer_ = std::make_unique<SqliteWriter>(
        *std::move(db), directory_.path() + "/reserve", outbox_);
  }
  static absl::Status Insert(SqliteWrite& write, int n) {
    write.changes.emplace_back().sequence = n;
    return write.table.db().Execute("INSERT INTO t VALUES (?)", {n}).status();
  }
  int64_t Count() {
    int64_t count = 0;
    EXPECT_OK(writer_->Run([&](SqliteWrite& write) {
      return write.table.db().Select("SELECT COUNT(*) FROM t", {},
                                     [&](const SqlRow& row) {
                                       count = row.Int(0);
                                       return absl::OkStatus();
                                     });
    }));
    return count;
  }

  TempDir directory_;
  Outbox outbox_;
  std::unique_ptr<SqliteWriter> writer_;
};

// A write that holds the connection until others wait for it: those come in one
// transaction, and the one of them that fails leaves the others alone.
TEST_F(SqliteWriterTest, WritesThatWaitTogetherAreWholeEachByItself) {
  constexpr int kOthers = 6;
  std::atomic<int> begun = 0;
  std::vector<std::thread> others;
  std::vector<absl::Status> statuses(kOthers);
  ASSERT_OK(writer_->Run([&](SqliteWrite& write) {
    for (int i = 0; i < kOthers; ++i) {
      others.emplace_back([&, i] {
        ++begun;
        statuses[i] = writer_->Run([i](SqliteWrite& other) -> absl::Status {
          const absl::Status done = Insert(other, i);
          return i == 3 ? absl::AbortedError("not this one") : done;
        });
      });
    }
    while (begun < kOthers) std::this_thread::yield();
    return Insert(write, 100);
  }));
  for (std::thread& other : others) other.join();
  for (int i = 0; i < kOthers; ++i) {
    EXPECT_THAT(statuses[i],
                StatusIs(i == 3 ? StatusCode::kAborted : StatusCode::kOk));
  }
  EXPECT_EQ(Count(), kOthers);  // one of them not, and the one before
}

TEST_F(SqliteWriterTest, TheListenerHearsOfWhatWasCommittedAlone) {
  std::vector<int64_t> heard;
  outbox_.SetListener(
      [&](const StoredJob& stored) { heard.push_back(stored.sequence); });
  ASSERT_OK(writer_->Run([](SqliteWrite& write) { return Insert(write, 1); }));
  EXPECT_FALSE(
      writer_->Run([](SqliteWrite& write) { return Insert(write, 1); }).ok());
  EXPECT_THAT(writer_->Run([](SqliteWrite& write) -> absl::Status {
    EXPECT_OK(Insert(write, 2));
    return absl::AbortedError("no");
  }),
              StatusIs(StatusCode::kAborted));
  ASSERT_OK(writer_->Run([](SqliteWrite& write) { return Insert(write, 2); }));
  outbox_.SetListener(nullptr);
  EXPECT_THAT(heard, testing::ElementsAre(1, 2));
}

}  // namespace
}  // namespace phosphene
