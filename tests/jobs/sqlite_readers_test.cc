#include "server/jobs/sqlite_readers.h"

#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

absl::StatusOr<int64_t> Count(SqliteJobTable& table) {
  int64_t count = 0;
  RETURN_IF_ERROR(
      table.db().Select("SELECT COUNT(*) FROM t", {}, [&](const SqlRow& row) {
        count = row.Int(0);
        return absl::OkStatus();
      }));
  return count;
}

TEST(SqliteReadersTest, AReaderWaitsForNoWriterAndSeesOneState) {
  const TempDir dir;
  const std::string path = dir.path() + "/db";
  ASSERT_OK_AND_ASSIGN(const auto db, SqliteDb::Open(path));
  ASSERT_OK(db->ExecuteScript("CREATE TABLE t (n INTEGER)"));
  ASSERT_OK_AND_ASSIGN(const auto readers, SqliteReaders::Open(path, 2));
  {
    SqliteTransaction writing(*db);
    ASSERT_OK(writing.Begin());
    ASSERT_OK(db->Execute("INSERT INTO t VALUES (1)"));
    EXPECT_THAT(readers->Read(Count), IsOkAndHolds(0));
    ASSERT_OK(writing.Commit());
  }
  EXPECT_THAT(readers->Read(Count), IsOkAndHolds(1));
  EXPECT_THAT(readers->Read([&](SqliteJobTable& table) {
    EXPECT_THAT(Count(table), IsOkAndHolds(1));
    EXPECT_OK(db->Execute("INSERT INTO t VALUES (2)"));
    // Another reader is at hand while this one is out.
    EXPECT_THAT(readers->Read(Count), IsOkAndHolds(2));
    return Count(table);
  }),
              IsOkAndHolds(1));
}

TEST(SqliteReadersTest, AReaderCannotWrite) {
  const TempDir dir;
  const std::string path = dir.path() + "/db";
  ASSERT_OK_AND_ASSIGN(const auto db, SqliteDb::Open(path));
  ASSERT_OK(db->ExecuteScript("CREATE TABLE t (n INTEGER)"));
  ASSERT_OK_AND_ASSIGN(const auto readers, SqliteReaders::Open(path, 1));
  EXPECT_FALSE(readers
                   ->Read([](SqliteJobTable& table) {
                     return table.db().Execute("INSERT INTO t VALUES (1)");
                   })
                   .ok());
}

}  // namespace
}  // namespace phosphene
