#include "server/jobs/sqlite_schema.h"

#include "server/jobs/fingerprint.h"
#include "server/jobs/sqlite_job_store.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using testing::ElementsAre;

// The tables as phosphened wrote them before version 2, letter for letter.
constexpr char kSchema1[] = R"sql(
CREATE TABLE schema_version (version INTEGER NOT NULL);
INSERT INTO schema_version (version) VALUES (1);
CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  state INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  model TEXT NOT NULL,
  create_time INTEGER NOT NULL,
  changes INTEGER NOT NULL,
  revision INTEGER NOT NULL,
  pause_requested INTEGER NOT NULL,
  crashes INTEGER NOT NULL,
  proto BLOB NOT NULL,
  spec BLOB NOT NULL);
CREATE INDEX job_by_state ON job (state, priority DESC, id);
CREATE TABLE job_label (
  job INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (job, key));
CREATE TABLE request (
  request_id TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  job INTEGER NOT NULL);
CREATE INDEX request_by_job ON request (job);
CREATE TABLE event (
  job INTEGER NOT NULL,
  change INTEGER NOT NULL,
  proto BLOB NOT NULL,
  PRIMARY KEY (job, change));
CREATE TABLE frame (
  job INTEGER NOT NULL,
  step INTEGER NOT NULL,
  blob TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  proto BLOB NOT NULL,
  PRIMARY KEY (job, step));
CREATE TABLE last_frame (
  job INTEGER PRIMARY KEY,
  blob TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  proto BLOB NOT NULL);
CREATE TABLE fence (
  name TEXT PRIMARY KEY,
  attempt INTEGER NOT NULL);
CREATE TABLE blob_use (
  job INTEGER NOT NULL,
  role TEXT NOT NULL,
  blob TEXT NOT NULL,
  PRIMARY KEY (job, role, blob));
CREATE INDEX blob_use_by_blob ON blob_use (blob);
CREATE TABLE garbage (
  blob TEXT PRIMARY KEY,
  drop_time INTEGER NOT NULL);
)sql";

// A database of version 1: three jobs in the states it knew.
class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    auto db = SqliteDb::Open(path_);
    ASSERT_OK(db);
    db_ = *std::move(db);
    ASSERT_OK(db_->ExecuteScript(kSchema1));
    Insert(1, "queued", v1::Job::QUEUED, false, [](v1::Job&) {});
    Insert(2, "pausing", v1::Job::RUNNING, true,
           [](v1::Job& job) { job.set_attempt(1); });
    Insert(3, "done", v1::Job::SUCCEEDED, false, [](v1::Job& job) {
      job.add_artifacts()->set_name("image.png");
      job.add_warnings("slow");
    });
    ASSERT_OK(db_->Execute(
        "INSERT INTO request (request_id, fingerprint, job) VALUES (?, ?, 1)",
        {"ABCD", SpecFingerprint(FakeSpec(1))}));
    // The last job ever made was deleted: its number is not given again.
    ASSERT_OK(db_->Execute("UPDATE sqlite_sequence SET seq = 9"));
  }
  template <typename Edit>
  void Insert(int id, const std::string& name, v1::Job::State state, bool wish,
              const Edit& edit) {
    v1::Job job;
    job.set_name("jobs/" + name);
    job.set_state(state);
    edit(job);
    ASSERT_OK(db_->Execute(
        "INSERT INTO job (id, name, state, attempt, priority, model, "
        "create_time, changes, revision, pause_requested, crashes, proto, "
        "spec) VALUES (?, ?, ?, ?, 0, ?, 5, 1, 1, ?, 0, ?, ?)",
        {id, job.name(), state, job.attempt(), FakeSpec(id).model(), wish,
         SqlValue::Bytes(job.SerializeAsString()),
         SqlValue::Bytes(FakeSpec(id).SerializeAsString())}));
  }
  std::unique_ptr<JobStore> Open() {
    db_.reset();
    auto store = OpenSqliteJobStore({.directory = directory_.path()});
    EXPECT_OK(store);
    return store.ok() ? *std::move(store) : nullptr;
  }

  TempDir directory_;
  const std::string path_ = directory_.path() + "/jobs.db";
  std::unique_ptr<SqliteDb> db_;
};

TEST_F(SchemaTest, JobsOfVersion1AreWholeInVersion2) {
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  ASSERT_OK_AND_ASSIGN(const StoredJob queued, store->Get("jobs/queued"));
  EXPECT_EQ(queued.job.state(), v1::Job::QUEUED);
  EXPECT_EQ(queued.job.spec().SerializeAsString(),
            FakeSpec(1).SerializeAsString());
  ASSERT_OK_AND_ASSIGN(const StoredJob done, store->Get("jobs/done"));
  EXPECT_EQ(done.job.artifacts(0).name(), "image.png");
  EXPECT_THAT(done.job.warnings(), ElementsAre("slow"));
  EXPECT_EQ(store->Get("jobs/pausing").value().job.state(), v1::Job::PAUSING);
  std::vector<std::string> names;
  ASSERT_OK_AND_ASSIGN(const JobPage page, store->List({}));
  for (const v1::Job& job : page.jobs) {
    names.push_back(job.name());
    EXPECT_EQ(job.spec().model(), FakeSpec(1).model());
  }
  EXPECT_THAT(names, ElementsAre("jobs/done", "jobs/pausing", "jobs/queued"));
  EXPECT_EQ(store->RecoverOrphans(3).value().size(), 1u);
  EXPECT_EQ(store->Get("jobs/pausing").value().job.state(), v1::Job::PAUSED);
}

TEST_F(SchemaTest, RequestsOfVersion1AreKnownInVersion2) {
  const auto store = Open();
  NewJob request;
  *request.job.mutable_spec() = FakeSpec(1);
  request.request_id = "abcd";
  ASSERT_OK_AND_ASSIGN(const CreatedJob again, store->Create(request));
  EXPECT_TRUE(again.existed);
  request.request_id = "";
  ASSERT_OK(store->Create(request));
  EXPECT_EQ(store->ListQueued(10).value().back().order, 10);
}

TEST_F(SchemaTest, ADamagedJobOfVersion1StopsNoMigration) {
  ASSERT_OK(db_->Execute("UPDATE job SET proto = X'FF' WHERE id = 1"));
  ASSERT_OK(db_->Execute("UPDATE job SET spec = X'FF' WHERE id = 2"));
  const auto store = Open();
  ASSERT_NE(store, nullptr);
  for (const char* name : {"jobs/queued", "jobs/pausing"}) {
    EXPECT_EQ(store->Get(name).value().job.state(), v1::Job::FAILED);
  }
  EXPECT_OK(store->Get("jobs/done"));
}

TEST_F(SchemaTest, AMigrationThatFailsLeavesVersion1) {
  ASSERT_OK(db_->Execute("DROP INDEX job_by_state"));
  db_.reset();
  EXPECT_FALSE(OpenSqliteJobStore({.directory = directory_.path()}).ok());
  ASSERT_OK_AND_ASSIGN(const auto db, SqliteDb::Open(path_));
  int64_t version = 0;
  ASSERT_OK(db->Select("SELECT version FROM schema_version, job LIMIT 1", {},
                       [&](const SqlRow& row) {
                         version = row.Int(0);
                         return absl::OkStatus();
                       }));
  EXPECT_EQ(version, 1);
  EXPECT_OK(db->Execute("UPDATE job SET spec = spec"));
}

}  // namespace
}  // namespace phosphene
