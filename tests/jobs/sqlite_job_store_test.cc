#include "server/jobs/sqlite_job_store.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "server/jobs/sqlite_db.h"
#include "tests/jobs/job_store_suite.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;

class SqliteBackend : public JobStoreBackend {
 public:
  std::unique_ptr<JobStore> Open(const Clock& clock, int max_queued) override {
    auto store = OpenSqliteJobStore({.directory = directory_.path(),
                                     .max_queued_jobs = max_queued,
                                     .clock = &clock});
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }

 private:
  TempDir directory_;
};

std::unique_ptr<JobStoreBackend> MakeSqlite() {
  return std::make_unique<SqliteBackend>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, JobStoreSuite, testing::Values(MakeSqlite));

NewJob ANewJob(const std::string& name) {
  NewJob request;
  request.job.set_name(name);
  *request.job.mutable_spec() = FakeSpec(10);
  return request;
}

TEST(SqliteJobStoreTest, AFolderIsUsedByOneServer) {
  const TempDir dir;
  auto first = OpenSqliteJobStore({.directory = dir.path()});
  ASSERT_OK(first);
  EXPECT_THAT(OpenSqliteJobStore({.directory = dir.path()}),
              StatusIs(StatusCode::kFailedPrecondition,
                       "another phosphened uses this folder"));
  first->reset();
  EXPECT_OK(OpenSqliteJobStore({.directory = dir.path()}));
}

TEST(SqliteJobStoreTest, WhatWasCommittedSurvivesAKill) {
  const TempDir dir;
  const pid_t child = fork();
  if (child == 0) {
    auto store = OpenSqliteJobStore({.directory = dir.path()});
    const bool made = store.ok() && (*store)->Create(ANewJob("jobs/a")).ok();
    // No destructor runs: nothing is flushed or checkpointed.
    kill(getpid(), made ? SIGKILL : SIGTERM);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(WTERMSIG(status), SIGKILL);
  auto store = OpenSqliteJobStore({.directory = dir.path()});
  ASSERT_OK(store);
  EXPECT_EQ((*store)->Get("jobs/a").value().job.state(), v1::Job::QUEUED);
}

TEST(SqliteJobStoreTest, AFileOfANewerProgramIsRefused) {
  const TempDir dir;
  OpenSqliteJobStore({.directory = dir.path()}).value().reset();
  {
    auto db = SqliteDb::Open(dir.path() + "/jobs.db");
    ASSERT_OK(db);
    ASSERT_OK((*db)->Execute("UPDATE schema_version SET version = 99"));
  }
  EXPECT_THAT(OpenSqliteJobStore({.directory = dir.path()}),
              StatusIs(StatusCode::kFailedPrecondition, "schema 99"));
}

TEST(SqliteJobStoreTest, AFileThatIsNoDatabaseIsRefused) {
  const TempDir dir;
  std::ofstream(dir.path() + "/jobs.db") << std::string(5000, 'x');
  EXPECT_THAT(OpenSqliteJobStore({.directory = dir.path()}),
              StatusIs(StatusCode::kDataLoss));
}

TEST(SqliteJobStoreTest, AFullDiskRefusesAndTheStoreLivesOn) {
  const TinyDisk disk(512 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tmpfs";
  auto opened = OpenSqliteJobStore({.directory = disk.path()});
  ASSERT_OK(opened);
  JobStore& store = **opened;
  NewJob large = ANewJob("");
  large.job.mutable_spec()->mutable_objectives(0)->set_label(
      std::string(20'000, 'x'));
  absl::Status status;
  int made = 0;
  while (made < 1000 && (status = store.Create(large).status()).ok()) ++made;
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_EQ(store.Count().value().by_state[v1::Job::QUEUED], made);
  EXPECT_OK(store.List({}));
}

}  // namespace
}  // namespace phosphene
