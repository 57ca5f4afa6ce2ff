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

// --- Damage ---

// A store whose file is changed behind its back, while it is closed.
class DamagedStoreTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    store_.reset();
    auto store = OpenSqliteJobStore({.directory = directory_.path()});
    ASSERT_OK(store);
    store_ = *std::move(store);
  }
  void Change(const std::string& sql) {
    store_.reset();
    {
      auto db = SqliteDb::Open(directory_.path() + "/jobs.db");
      ASSERT_OK(db);
      ASSERT_OK((*db)->ExecuteScript(sql));
    }
    Open();
  }
  void Submit(const std::string& name) {
    NewJob request = ANewJob(name);
    (*request.job.mutable_labels())["k"] = "v";
    ASSERT_OK(store_->Create(request));
  }
  std::map<std::string, v1::Job::State> List(bool with_specs,
                                             const std::string& filter = "") {
    JobQuery query;
    query.with_specs = with_specs;
    query.filter = ParseJobFilter(filter).value();
    const auto page = store_->List(query);
    EXPECT_OK(page);
    std::map<std::string, v1::Job::State> states;
    if (!page.ok()) return states;
    EXPECT_EQ(page->total_size, static_cast<int64_t>(page->jobs.size()));
    for (const v1::Job& job : page->jobs) states[job.name()] = job.state();
    return states;
  }

  TempDir directory_;
  std::unique_ptr<JobStore> store_;
};

constexpr char kGarbledRow[] =
    "UPDATE job SET proto = X'DEADBEEF' WHERE name = 'jobs/bad'";
constexpr char kEmptyRow[] =
    "UPDATE job SET proto = X'' WHERE name = 'jobs/bad'";
constexpr char kGarbledSpec[] =
    "UPDATE job_spec SET spec = X'DEADBEEF' WHERE job = "
    "(SELECT id FROM job WHERE name = 'jobs/bad')";
constexpr char kEmptySpec[] =
    "UPDATE job_spec SET spec = X'' WHERE job = "
    "(SELECT id FROM job WHERE name = 'jobs/bad')";
constexpr char kNoSpec[] =
    "DELETE FROM job_spec WHERE job = "
    "(SELECT id FROM job WHERE name = 'jobs/bad')";

TEST_F(DamagedStoreTest, ADamagedJobIsFailedByItselfAndNothingElseNotices) {
  for (const char* damage :
       {kGarbledRow, kEmptyRow, kGarbledSpec, kEmptySpec, kNoSpec}) {
    SCOPED_TRACE(damage);
    for (const char* name : {"jobs/a", "jobs/bad", "jobs/c"}) Submit(name);
    Change(damage);
    std::vector<std::string> told;
    store_->SetListener([&](const StoredJob& stored) {
      told.push_back(stored.job.name() + " " +
                     v1::Job::State_Name(stored.job.state()));
    });
    ASSERT_OK_AND_ASSIGN(const StoredJob bad, store_->Get("jobs/bad"));
    EXPECT_EQ(bad.job.name(), "jobs/bad");
    EXPECT_EQ(bad.job.state(), v1::Job::FAILED);
    EXPECT_EQ(bad.job.labels().at("k"), "v");
    EXPECT_EQ(bad.job.error().code(), static_cast<int>(StatusCode::kDataLoss));
    EXPECT_THAT(bad.job.error().message(),
                testing::HasSubstr("does not parse"));
    EXPECT_THAT(told, testing::ElementsAre("jobs/bad FAILED"));
    store_->SetListener(nullptr);
    EXPECT_EQ(store_->Count().value().by_state[v1::Job::QUEUED], 2);
    EXPECT_EQ(List(true, "state = FAILED").size(), 1u);
    for (const char* name : {"jobs/a", "jobs/bad", "jobs/c"}) {
      EXPECT_OK(store_->Delete(name, "", /*force=*/true));
    }
  }
}

TEST_F(DamagedStoreTest, AListTellsOfItAmongTheOthers) {
  for (const char* damage : {kGarbledRow, kEmptyRow, kGarbledSpec, kNoSpec}) {
    SCOPED_TRACE(damage);
    for (const char* name : {"jobs/a", "jobs/bad", "jobs/c"}) Submit(name);
    Change(damage);
    const std::map<std::string, v1::Job::State> expected = {
        {"jobs/a", v1::Job::QUEUED},
        {"jobs/bad", v1::Job::FAILED},
        {"jobs/c", v1::Job::QUEUED}};
    EXPECT_EQ(List(/*with_specs=*/true), expected);
    EXPECT_EQ(List(/*with_specs=*/false), expected);
    EXPECT_EQ(List(false, "state = QUEUED").size(), 2u);
    EXPECT_OK(store_->Delete("jobs/bad", "", false));
    for (const char* name : {"jobs/a", "jobs/c"}) {
      EXPECT_OK(store_->Delete(name, "", /*force=*/true));
    }
  }
}

TEST_F(DamagedStoreTest, TheQueueBehindItMovesOn) {
  for (const char* damage : {kGarbledRow, kGarbledSpec}) {
    SCOPED_TRACE(damage);
    for (const char* name : {"jobs/bad", "jobs/c"}) Submit(name);
    Change(damage);
    EXPECT_THAT(store_->Claim("jobs/bad", "d"),
                StatusIs(StatusCode::kAborted, "FAILED"));
    ASSERT_OK_AND_ASSIGN(const auto waiting, store_->ListQueued(10));
    ASSERT_EQ(waiting.size(), 1u);
    EXPECT_OK(store_->Claim("jobs/c", "d"));
    for (const char* name : {"jobs/bad", "jobs/c"}) {
      EXPECT_OK(store_->Delete(name, "", /*force=*/true));
    }
  }
}

TEST_F(DamagedStoreTest, ItsWorkerIsFencedAndAServerStartsOverIt) {
  for (const char* name : {"jobs/bad", "jobs/c"}) {
    Submit(name);
    ASSERT_OK(store_->Claim(name, "d"));
  }
  Change(kGarbledRow);
  EXPECT_THAT(store_->SaveCheckpoint("jobs/bad", 1, {}),
              StatusIs(StatusCode::kAborted));
  ASSERT_OK(store_->Delete("jobs/bad", "", false));
  Submit("jobs/bad");
  EXPECT_EQ(store_->Claim("jobs/bad", "d").value().job.attempt(), 2);
  Change(kGarbledRow);
  ASSERT_OK_AND_ASSIGN(const auto orphans, store_->RecoverOrphans(3));
  EXPECT_EQ(orphans.size(), 2u);
  EXPECT_EQ(store_->Get("jobs/bad").value().job.state(), v1::Job::FAILED);
  EXPECT_EQ(store_->Get("jobs/c").value().job.state(), v1::Job::QUEUED);
}

TEST_F(DamagedStoreTest, AnEndedJobKeepsWhatCanBeRead) {
  Submit("jobs/bad");
  ASSERT_OK(store_->Claim("jobs/bad", "d"));
  RunOutcome outcome;
  outcome.artifacts.emplace_back().set_name("image.png");
  ASSERT_OK(store_->Finish("jobs/bad", 1, v1::Job::RUNNING, outcome));
  Change(kGarbledSpec);
  ASSERT_OK_AND_ASSIGN(const StoredJob ended, store_->Get("jobs/bad"));
  EXPECT_EQ(ended.job.state(), v1::Job::SUCCEEDED);
  EXPECT_EQ(ended.job.artifacts_size(), 1);
  EXPECT_THAT(ended.job.warnings(),
              testing::ElementsAre(testing::HasSubstr("spec does not parse")));
  Change("UPDATE job_outcome SET outcome = X'FF'");
  EXPECT_EQ(List(false)["jobs/bad"], v1::Job::FAILED);
  EXPECT_EQ(store_->Get("jobs/bad").value().job.state(), v1::Job::FAILED);
}

TEST_F(DamagedStoreTest, DamagedEventsAndFramesAreLeftOut) {
  Submit("jobs/a");
  ASSERT_OK(store_->Claim("jobs/a", "d"));
  for (const int step : {1, 2}) {
    KeptFrame frame;
    frame.info.set_step(step);
    ASSERT_OK(store_->KeepFrame("jobs/a", 1, frame));
  }
  ASSERT_OK(store_->Pause("jobs/a"));
  Change(
      "UPDATE event SET proto = X'FF' WHERE change = 2;"
      "UPDATE frame SET proto = X'FF' WHERE step = 1");
  EXPECT_EQ(store_->StartWatch("jobs/a", kSequencesPerChange)
                .value()
                .events.back()
                .job()
                .state(),
            v1::Job::PAUSING);
  ASSERT_OK_AND_ASSIGN(const FramePage page,
                       store_->ListFrames("jobs/a", 1, ""));
  EXPECT_TRUE(page.frames.empty());
  EXPECT_EQ(store_->ListFrames("jobs/a", 1, page.next_page_token)
                .value()
                .frames.size(),
            1u);
  EXPECT_THAT(store_->GetFrame("jobs/a", 1), StatusIs(StatusCode::kNotFound));
}

// --- A full disk ---

TEST(SqliteJobStoreTest, OnAFullDiskJobsAreReadCancelledAndDeleted) {
  const TinyDisk disk(24 << 20);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tmpfs";
  auto opened = OpenSqliteJobStore({.directory = disk.path()});
  ASSERT_OK(opened);
  JobStore& store = **opened;
  NewJob large = ANewJob("");
  large.job.mutable_spec()->mutable_objectives(0)->set_label(
      std::string(20'000, 'x'));
  for (int i = 0; i < 60; ++i) {
    large.job.set_name("jobs/j" + std::to_string(i));
    ASSERT_OK(store.Create(large));
  }
  // Blobs, say, take what is left.
  std::ofstream blobs(disk.path() + "/blobs");
  const std::string page(4096, 'x');
  while (blobs << page << std::flush) {
  }
  large.job.set_name("jobs/more");
  absl::Status refused;
  for (int i = 0; i < 200 && refused.ok(); ++i) {
    large.job.set_name("jobs/more" + std::to_string(i));
    refused = store.Create(large).status();
  }
  ASSERT_THAT(refused, StatusIs(StatusCode::kResourceExhausted));
  for (int i = 0; i < 60; ++i) {
    const std::string name = "jobs/j" + std::to_string(i);
    ASSERT_OK(store.Get(name));
    ASSERT_OK(store.Cancel(name)) << i;
    ASSERT_OK(store.Delete(name, "", false)) << i;
  }
  EXPECT_OK(store.ForgetGarbage({"blobs/none"}));
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
