#include "server/jobs/sqlite_db.h"

#include <string>
#include <vector>

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

class SqliteDbTest : public testing::Test {
 protected:
  void SetUp() override {
    auto db = SqliteDb::Open(directory_.path() + "/db");
    ASSERT_OK(db);
    db_ = *std::move(db);
    ASSERT_OK(db_->ExecuteScript("CREATE TABLE t (n INTEGER, s TEXT)"));
  }
  std::vector<std::string> Texts() {
    std::vector<std::string> texts;
    EXPECT_OK(
        db_->Select("SELECT s FROM t ORDER BY n", {}, [&](const SqlRow& row) {
          texts.push_back(row.Text(0));
          return absl::OkStatus();
        }));
    return texts;
  }

  TempDir directory_;
  std::unique_ptr<SqliteDb> db_;
};

TEST_F(SqliteDbTest, ValuesComeBackAsTheyWere) {
  const std::string odd("a\0\xff'\"", 5);
  ASSERT_OK(
      db_->Execute("INSERT INTO t VALUES (?, ?)", {int64_t{1} << 40, odd}));
  ASSERT_OK(
      db_->Execute("INSERT INTO t VALUES (?, ?)", {-1, SqlValue::Bytes("")}));
  EXPECT_THAT(Texts(), ElementsAre("", odd));
}

TEST_F(SqliteDbTest, ExecuteTellsTheRowsChanged) {
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(db_->Execute("INSERT INTO t VALUES (?, 'x')", {i}));
  EXPECT_THAT(db_->Execute("UPDATE t SET s = 'y' WHERE n > ?", {0}),
              IsOkAndHolds(2));
  EXPECT_THAT(db_->Execute("UPDATE t SET s = 'z' WHERE n > ?", {9}),
              IsOkAndHolds(0));
}

TEST_F(SqliteDbTest, ATransactionThatIsNotCommittedNeverWas) {
  {
    SqliteTransaction transaction(*db_);
    ASSERT_OK(transaction.Begin());
    ASSERT_OK(db_->Execute("INSERT INTO t VALUES (1, 'lost')"));
  }
  {
    SqliteTransaction transaction(*db_);
    ASSERT_OK(transaction.Begin());
    ASSERT_OK(db_->Execute("INSERT INTO t VALUES (2, 'kept')"));
    ASSERT_OK(transaction.Commit());
  }
  EXPECT_THAT(Texts(), ElementsAre("kept"));
}

TEST_F(SqliteDbTest, AVisitorEndsTheQueryWithItsError) {
  for (int i = 0; i < 3; ++i)
    ASSERT_OK(db_->Execute("INSERT INTO t VALUES (?, 'x')", {i}));
  int visits = 0;
  const auto stop = [&](const SqlRow&) {
    return ++visits == 2 ? absl::DataLossError("enough") : absl::OkStatus();
  };
  EXPECT_THAT(db_->Select("SELECT n FROM t", {}, stop),
              StatusIs(StatusCode::kDataLoss, "enough"));
  EXPECT_EQ(visits, 2);
  visits = 2;
  EXPECT_OK(db_->Select("SELECT n FROM t", {}, stop));
  EXPECT_EQ(visits, 5);
}

TEST_F(SqliteDbTest, BadStatementsAreNamed) {
  EXPECT_THAT(db_->Execute("SELEKT"),
              StatusIs(StatusCode::kInternal, "SELEKT"));
}

TEST_F(SqliteDbTest, ManyDifferentStatementsAreFine) {
  for (int i = 0; i < 500; ++i) {
    ASSERT_OK(
        db_->Execute("INSERT INTO t VALUES (" + std::to_string(i) + ", 'x')"));
  }
  EXPECT_EQ(Texts().size(), 500u);
}

TEST_F(SqliteDbTest, CommitsAreOnTheDiskAndReadersWriteNothing) {
  std::string mode;
  int64_t synchronous = 0;
  ASSERT_OK(db_->Select("PRAGMA journal_mode", {}, [&](const SqlRow& row) {
    mode = row.Text(0);
    return absl::OkStatus();
  }));
  ASSERT_OK(db_->Select("PRAGMA synchronous", {}, [&](const SqlRow& row) {
    synchronous = row.Int(0);
    return absl::OkStatus();
  }));
  EXPECT_EQ(mode, "wal");
  EXPECT_EQ(synchronous, 2);  // FULL
  ASSERT_OK_AND_ASSIGN(const auto reader,
                       SqliteDb::OpenReader(directory_.path() + "/db"));
  EXPECT_THAT(reader->Execute("INSERT INTO t VALUES (1, 'x')"),
              StatusIs(StatusCode::kUnavailable, "readonly"));
}

}  // namespace
}  // namespace phosphene
