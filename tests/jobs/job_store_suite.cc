#include "tests/jobs/job_store_suite.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"
#include "server/base/ids.h"
#include "server/jobs/proto_time.h"
#include "server/jobs/validate.h"
#include "server/storage/blob_store.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {

using absl::StatusCode;
using testing::ElementsAre;
using testing::IsEmpty;

std::string FakeBlob(const std::string& word) { return BlobNameOf(word); }

void JobStoreSuite::SetUp() {
  backend_ = GetParam()();
  Open();
}

void JobStoreSuite::Open(int max_queued) {
  store_.reset();
  store_ = backend_->Open(clock_, max_queued);
  ASSERT_NE(store_, nullptr);
}

NewJob JobStoreSuite::Request(const std::string& name) {
  NewJob request;
  if (!name.empty()) request.job.set_name("jobs/" + name);
  *request.job.mutable_spec() = FakeSpec(100);
  request.job.set_total_steps(100);
  return request;
}

StoredJob JobStoreSuite::Submit(const NewJob& request) {
  clock_.Advance(absl::Minutes(1));
  const auto created = store().Create(request);
  EXPECT_OK(created);
  return created.ok() ? created->stored : StoredJob();
}

StoredJob JobStoreSuite::Submit(const std::string& name, int priority) {
  NewJob request = Request(name);
  request.job.set_priority(priority);
  return Submit(request);
}

int JobStoreSuite::Claim(const std::string& name) {
  const auto claimed = store().Claim("jobs/" + name, "devices/cpu-0");
  EXPECT_OK(claimed);
  return claimed.ok() ? claimed->job.attempt() : -1;
}

RunOutcome JobStoreSuite::Succeeded() {
  RunOutcome outcome;
  outcome.step = 100;
  outcome.objective_value = 2.5;
  v1::Artifact& artifact = outcome.artifacts.emplace_back();
  artifact.set_name("image.png");
  artifact.set_blob(FakeBlob("image"));
  return outcome;
}

RunOutcome JobStoreSuite::Stopped() {
  RunOutcome outcome;
  outcome.kind = RunOutcome::Kind::kStopped;
  outcome.step = 40;
  outcome.checkpoint = CheckpointUpdate{FakeBlob("checkpoint 40"), 40};
  return outcome;
}

StoredJob JobStoreSuite::In(v1::Job::State state, const std::string& name) {
  Submit(name);
  const std::string full = "jobs/" + name;
  RunOutcome failed;
  failed.kind = RunOutcome::Kind::kFailed;
  failed.error = absl::InternalError("broke");
  switch (state) {
    case v1::Job::RUNNING:
      Claim(name);
      break;
    case v1::Job::PAUSED:
      EXPECT_OK(store().Pause(full));
      break;
    case v1::Job::PAUSING:
      Claim(name);
      EXPECT_OK(store().Pause(full));
      break;
    case v1::Job::CANCELLING:
      Claim(name);
      EXPECT_OK(store().Cancel(full));
      break;
    case v1::Job::SUCCEEDED:
      EXPECT_OK(
          store().Finish(full, Claim(name), v1::Job::RUNNING, Succeeded()));
      break;
    case v1::Job::FAILED:
      EXPECT_OK(store().Finish(full, Claim(name), v1::Job::RUNNING, failed));
      break;
    case v1::Job::CANCELLED:
      EXPECT_OK(store().Cancel(full));
      break;
    default:
      break;
  }
  EXPECT_EQ(StateOf(name), state);
  return store().Get(full).value();
}

v1::Job JobStoreSuite::Get(const std::string& name) {
  const auto stored = store().Get("jobs/" + name);
  EXPECT_OK(stored);
  return stored.ok() ? stored->job : v1::Job();
}

v1::Job::State JobStoreSuite::StateOf(const std::string& name) {
  return Get(name).state();
}

std::vector<std::string> JobStoreSuite::Find(const std::string& filter) {
  JobQuery query;
  query.filter = ParseJobFilter(filter).value();
  query.page_size = 1000;
  const auto page = store().List(query);
  EXPECT_OK(page) << filter;
  std::vector<std::string> names;
  if (!page.ok()) return names;
  EXPECT_EQ(page->total_size, static_cast<int64_t>(page->jobs.size()));
  for (const v1::Job& job : page->jobs) {
    EXPECT_TRUE(Matches(query.filter, job)) << filter << " " << job.name();
    names.push_back(std::string(absl::StripPrefix(job.name(), "jobs/")));
  }
  return names;
}

std::vector<std::string> JobStoreSuite::Garbage() {
  return store().ListGarbage(absl::InfiniteFuture(), 1000).value();
}

namespace {

// --- Create, get ---

TEST_P(JobStoreSuite, ACreatedJobIsQueuedAndReadBackWhole) {
  NewJob request = Request("a");
  request.job.set_priority(7);
  (*request.job.mutable_labels())["project"] = "gallery";
  request.job.set_traceparent("00-trace-01");
  const StoredJob created = Submit(request);
  EXPECT_EQ(created.sequence, kSequencesPerChange);
  const v1::Job job = Get("a");
  EXPECT_EQ(job.state(), v1::Job::QUEUED);
  EXPECT_EQ(job.spec().SerializeAsString(), FakeSpec(100).SerializeAsString());
  EXPECT_EQ(job.priority(), 7);
  EXPECT_EQ(job.labels().at("project"), "gallery");
  EXPECT_EQ(job.total_steps(), 100);
  EXPECT_EQ(job.traceparent(), "00-trace-01");
  EXPECT_EQ(job.attempt(), 0);
  EXPECT_EQ(FromProtoTime(job.create_time()), clock_.Now());
  EXPECT_EQ(FromProtoTime(job.update_time()), clock_.Now());
  EXPECT_FALSE(job.has_end_time());
  EXPECT_NE(job.etag(), "");
}

TEST_P(JobStoreSuite, OutputOnlyFieldsOfARequestAreIgnored) {
  NewJob request = Request("a");
  request.job.set_state(v1::Job::SUCCEEDED);
  request.job.set_attempt(9);
  request.job.set_checkpoint("x");
  request.job.add_artifacts();
  const v1::Job job = Submit(request).job;
  EXPECT_EQ(job.state(), v1::Job::QUEUED);
  EXPECT_EQ(job.attempt(), 0);
  EXPECT_EQ(job.checkpoint(), "");
  EXPECT_EQ(job.artifacts_size(), 0);
}

TEST_P(JobStoreSuite, WithoutANameTheStoreMakesOne) {
  std::set<std::string> names;
  for (int i = 0; i < 20; ++i) {
    const std::string name = Submit(Request("")).job.name();
    EXPECT_OK(CheckJobName(name));
    EXPECT_TRUE(names.insert(name).second);
  }
}

TEST_P(JobStoreSuite, ANameIsTakenOnce) {
  Submit("a");
  EXPECT_THAT(store().Create(Request("a")),
              StatusIs(StatusCode::kAlreadyExists, "jobs/a"));
}

TEST_P(JobStoreSuite, ACreatedJobSurvivesARestart) {
  Submit("a");
  Open();
  EXPECT_EQ(StateOf("a"), v1::Job::QUEUED);
}

TEST_P(JobStoreSuite, TheSameRequestIdReturnsTheJobMadeFirst) {
  NewJob request = Request("");
  request.request_id = "r1";
  ASSERT_OK_AND_ASSIGN(const CreatedJob first, store().Create(request));
  EXPECT_FALSE(first.existed);
  Open();
  ASSERT_OK_AND_ASSIGN(const CreatedJob again, store().Create(request));
  EXPECT_TRUE(again.existed);
  EXPECT_EQ(again.stored.job.name(), first.stored.job.name());
  EXPECT_EQ(Find("").size(), 1u);
}

TEST_P(JobStoreSuite, TheSameRequestIdForAnythingElseIsRefused) {
  NewJob request = Request("a");
  request.request_id = "r1";
  ASSERT_OK(store().Create(request));
  NewJob spec = request, name = request, no_name = request, label = request,
         priority = request;
  spec.job.mutable_spec()->set_seed(1);
  name.job.set_name("jobs/b");
  no_name.job.clear_name();
  (*label.job.mutable_labels())["k"] = "v";
  priority.job.set_priority(1);
  for (const NewJob* other : {&spec, &name, &no_name, &label, &priority}) {
    for (const bool dry : {false, true}) {
      NewJob again = *other;
      again.dry_run = dry;
      const absl::Status status = store().Create(again).status();
      EXPECT_THAT(status, StatusIs(StatusCode::kAlreadyExists, "r1"));
      EXPECT_EQ(ReasonOf(status), "REQUEST_ID_REUSED");
    }
  }
}

TEST_P(JobStoreSuite, RequestIdsAreComparedWithoutCase) {
  NewJob request = Request("");
  request.request_id = "0000abcd-0000-4000-8000-00000000000f";
  ASSERT_OK_AND_ASSIGN(const CreatedJob first, store().Create(request));
  request.request_id = "0000ABCD-0000-4000-8000-00000000000F";
  ASSERT_OK_AND_ASSIGN(const CreatedJob again, store().Create(request));
  EXPECT_TRUE(again.existed);
  EXPECT_EQ(again.stored.job.name(), first.stored.job.name());
}

TEST_P(JobStoreSuite, ADryRunIsRefusedAsACreationWouldBeAndStoresNothing) {
  Open(/*max_queued=*/2);
  NewJob request = Request("a");
  request.request_id = "r1";
  request.dry_run = true;
  ASSERT_OK_AND_ASSIGN(const CreatedJob dry, store().Create(request));
  EXPECT_FALSE(dry.existed);
  EXPECT_EQ(dry.stored.job.state(), v1::Job::QUEUED);
  EXPECT_THAT(Find(""), IsEmpty());
  request.dry_run = false;
  ASSERT_OK(store().Create(request));
  request.dry_run = true;
  EXPECT_TRUE(store().Create(request).value().existed);
  NewJob taken = Request("a");
  taken.dry_run = true;
  EXPECT_EQ(ReasonOf(store().Create(taken).status()), "JOB_EXISTS");
  Submit("b");
  NewJob third = Request("c");
  third.dry_run = true;
  EXPECT_EQ(ReasonOf(store().Create(third).status()), "QUEUE_FULL");
}

TEST_P(JobStoreSuite, TheRequestIdOfADeletedJobIsFree) {
  NewJob request = Request("a");
  request.request_id = "r1";
  ASSERT_OK(store().Create(request));
  ASSERT_OK(store().Delete("jobs/a", "", true));
  ASSERT_OK_AND_ASSIGN(const CreatedJob again, store().Create(request));
  EXPECT_FALSE(again.existed);
}

TEST_P(JobStoreSuite, AFullQueueRefusesUntilThereIsRoom) {
  Open(/*max_queued=*/2);
  Submit("a");
  Submit("b");
  const absl::Status status = store().Create(Request("c")).status();
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted, "at most 2"));
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
  Claim("a");
  EXPECT_OK(store().Create(Request("c")));
}

TEST_P(JobStoreSuite, PausedJobsDoNotPassByAFullQueue) {
  Open(/*max_queued=*/2);
  In(v1::Job::PAUSED, "a");
  In(v1::Job::PAUSED, "b");
  Submit("c");
  ASSERT_OK(store().Resume("jobs/a"));
  const absl::Status status = store().Resume("jobs/b").status();
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted, "at most 2"));
  EXPECT_EQ(ReasonOf(status), "QUEUE_FULL");
  EXPECT_EQ(StateOf("b"), v1::Job::PAUSED);
  Claim("c");
  EXPECT_OK(store().Resume("jobs/b"));
}

TEST_P(JobStoreSuite, AFullQueueStillAnswersARepeatedRequest) {
  Open(/*max_queued=*/1);
  NewJob request = Request("a");
  request.request_id = "r1";
  ASSERT_OK(store().Create(request));
  EXPECT_OK(store().Create(request));
}

TEST_P(JobStoreSuite, EveryCallNamesAMissingJob) {
  const std::string name = "jobs/none";
  const absl::Status statuses[] = {
      store().Get(name).status(),
      store().Update(name, {}).status(),
      store().Cancel(name).status(),
      store().Pause(name).status(),
      store().Resume(name).status(),
      store().Delete(name, "", true),
      store().ListFrames(name, 10, "").status(),
      store().GetFrame(name, 1).status(),
      store().StartWatch(name, 0).status(),
      store().Claim(name, "d").status(),
      store().SaveCheckpoint(name, 1, {}),
      store().KeepFrame(name, 1, {}),
      store().Finish(name, 1, v1::Job::RUNNING, Succeeded()).status()};
  for (const absl::Status& status : statuses) {
    EXPECT_THAT(status, StatusIs(StatusCode::kNotFound, "jobs/none"));
  }
}

// --- List ---

TEST_P(JobStoreSuite, JobsAreListedNewestFirstInPages) {
  for (const char* name : {"a", "b", "c", "d", "e"}) Submit(name);
  JobQuery query;
  query.page_size = 2;
  std::vector<std::string> names;
  int pages = 0;
  do {
    ASSERT_OK_AND_ASSIGN(const JobPage page, store().List(query));
    EXPECT_EQ(page.total_size, 5);
    EXPECT_LE(page.jobs.size(), 2u);
    for (const v1::Job& job : page.jobs) names.push_back(job.name());
    query.page_token = page.next_page_token;
    ++pages;
  } while (!query.page_token.empty());
  EXPECT_THAT(names,
              ElementsAre("jobs/e", "jobs/d", "jobs/c", "jobs/b", "jobs/a"));
  EXPECT_EQ(pages, 3);
}

TEST_P(JobStoreSuite, TheOrderIsThatOfCreationWhateverTheClockSays) {
  Submit("a");
  clock_.SetBack(absl::Hours(2));
  Submit("b");
  EXPECT_THAT(Find(""), ElementsAre("b", "a"));
  ASSERT_OK_AND_ASSIGN(const auto waiting, store().ListQueued(10));
  EXPECT_EQ(waiting[0].name, "jobs/a");
  EXPECT_LT(waiting[0].order, waiting[1].order);
}

TEST_P(JobStoreSuite, SpecsAreLeftOutButForTheModelUnlessAskedFor) {
  NewJob request = Request("a");
  request.job.mutable_spec()->set_model("models/googlenet");
  const StoredJob created = Submit(request);
  ASSERT_OK_AND_ASSIGN(const JobPage basic, store().List({}));
  ASSERT_EQ(basic.jobs.size(), 1u);
  v1::Job expected = created.job;
  expected.mutable_spec()->Clear();
  expected.mutable_spec()->set_model("models/googlenet");
  EXPECT_EQ(basic.jobs[0].SerializeAsString(), expected.SerializeAsString());
  JobQuery query;
  query.with_specs = true;
  ASSERT_OK_AND_ASSIGN(const JobPage full, store().List(query));
  EXPECT_EQ(full.jobs[0].SerializeAsString(), created.job.SerializeAsString());
}

TEST_P(JobStoreSuite, WhatCameOutOfAJobIsListedToo) {
  In(v1::Job::FAILED, "a");
  In(v1::Job::SUCCEEDED, "b");
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List({}));
  ASSERT_EQ(page.jobs.size(), 2u);
  EXPECT_EQ(page.jobs[0].artifacts_size(), 1);
  EXPECT_EQ(page.jobs[1].error().message(), "broke");
}

TEST_P(JobStoreSuite, PagesAreNotDisturbedByNewJobs) {
  for (const char* name : {"a", "b", "c"}) Submit(name);
  JobQuery query;
  query.page_size = 2;
  query.page_token = store().List(query).value().next_page_token;
  Submit("d");
  ASSERT_OK_AND_ASSIGN(const JobPage page, store().List(query));
  ASSERT_EQ(page.jobs.size(), 1u);
  EXPECT_EQ(page.jobs[0].name(), "jobs/a");
}

TEST_P(JobStoreSuite, ATokenIsGoodForItsFilterAlone) {
  for (const char* name : {"a", "b", "c"}) Submit(name);
  JobQuery query;
  query.page_size = 1;
  query.page_token = store().List(query).value().next_page_token;
  query.filter = ParseJobFilter("state = QUEUED").value();
  EXPECT_THAT(store().List(query),
              StatusIs(StatusCode::kInvalidArgument, "page_token"));
  query.page_token = "nonsense";
  EXPECT_THAT(store().List(query),
              StatusIs(StatusCode::kInvalidArgument, "page_token"));
}

TEST_P(JobStoreSuite, APageEndsEarlyWhenItsJobsAreLarge) {
  for (const char* name : {"a", "b", "c"}) {
    NewJob large = Request(name);
    large.job.mutable_spec()->mutable_objectives(0)->set_label(
        std::string(10'000, 'x'));
    Submit(large);
  }
  JobQuery query;
  query.max_bytes = 9'000;
  EXPECT_EQ(store().List(query).value().jobs.size(), 3u);
  query.with_specs = true;
  std::vector<std::string> names;
  do {
    ASSERT_OK_AND_ASSIGN(const JobPage page, store().List(query));
    ASSERT_EQ(page.jobs.size(), 1u);
    names.push_back(page.jobs[0].name());
    query.page_token = page.next_page_token;
  } while (!query.page_token.empty());
  EXPECT_THAT(names, ElementsAre("jobs/c", "jobs/b", "jobs/a"));
}

TEST_P(JobStoreSuite, FiltersFindWhatMatches) {
  NewJob a = Request("a"), b = Request("b"), c = Request("c");
  a.job.set_priority(-5);
  (*a.job.mutable_labels())["project"] = "gallery";
  (*a.job.mutable_labels())["x.y-z"] = "1";
  b.job.mutable_spec()->set_model("googlenet");
  (*b.job.mutable_labels())["project"] = "gall\xc3\xa9rie";
  c.job.set_priority(5);
  c.job.mutable_spec()->set_model("models/googlenet-2");
  Submit(a);
  const std::string noon =
      absl::FormatTime(absl::RFC3339_full, clock_.Now(), absl::UTCTimeZone());
  Submit(b);
  Submit(c);
  Claim("b");
  EXPECT_THAT(Find(""), ElementsAre("c", "b", "a"));
  EXPECT_THAT(Find("state = RUNNING"), ElementsAre("b"));
  EXPECT_THAT(Find("state != RUNNING"), ElementsAre("c", "a"));
  EXPECT_THAT(Find("state:*"), ElementsAre("c", "b", "a"));
  EXPECT_THAT(Find("model = models/googlenet"), ElementsAre("b"));
  EXPECT_THAT(Find("model : googlenet*"), ElementsAre("c", "b"));
  EXPECT_THAT(Find("model != googlenet"), ElementsAre("c", "a"));
  EXPECT_THAT(Find("priority >= 0"), ElementsAre("c", "b"));
  EXPECT_THAT(Find("priority < 0"), ElementsAre("a"));
  EXPECT_THAT(Find("create_time > " + noon), ElementsAre("c", "b"));
  EXPECT_THAT(Find("create_time = \"" + noon + "\""), ElementsAre("a"));
  EXPECT_THAT(Find("labels.project:*"), ElementsAre("b", "a"));
  EXPECT_THAT(Find("labels.project : gall*"), ElementsAre("b", "a"));
  EXPECT_THAT(Find("labels.project : gall\xc3\xa9*"), ElementsAre("b"));
  EXPECT_THAT(Find("labels.project > gallery"), ElementsAre("b"));
  EXPECT_THAT(Find("labels.project != gallery"), ElementsAre("b"));
  EXPECT_THAT(Find("labels.x.y-z = 1 AND priority = -5"), ElementsAre("a"));
  EXPECT_THAT(Find("labels.none != x"), IsEmpty());
  EXPECT_THAT(Find("model : \"goo_*\""), IsEmpty());
  EXPECT_THAT(Find("model : \"%*\""), IsEmpty());
}

TEST_P(JobStoreSuite, CountsAreByState) {
  Submit("a");
  const absl::Time oldest = clock_.Now();
  Submit("b");
  In(v1::Job::FAILED, "c");
  ASSERT_OK_AND_ASSIGN(const JobCounts counts, store().Count());
  EXPECT_EQ(counts.by_state.at(v1::Job::QUEUED), 2);
  EXPECT_EQ(counts.by_state.at(v1::Job::FAILED), 1);
  EXPECT_EQ(counts.by_state.count(v1::Job::RUNNING), 0u);
  EXPECT_EQ(counts.oldest_queued, oldest);
}

// --- Update ---

TEST_P(JobStoreSuite, UpdateChangesWhatIsNamedAndTheEtag) {
  const std::string before = Submit("a", 3).job.etag();
  JobChanges changes;
  changes.labels = std::map<std::string, std::string>{{"k", "v"}};
  clock_.Advance(absl::Minutes(1));
  ASSERT_OK_AND_ASSIGN(const StoredJob updated,
                       store().Update("jobs/a", changes));
  EXPECT_EQ(updated.job.priority(), 3);
  EXPECT_EQ(updated.job.labels().at("k"), "v");
  EXPECT_NE(updated.job.etag(), before);
  EXPECT_EQ(updated.sequence, kSequencesPerChange);
  EXPECT_EQ(FromProtoTime(updated.job.update_time()), clock_.Now());
  EXPECT_THAT(Find("labels.k = v"), ElementsAre("a"));
  changes.labels = std::map<std::string, std::string>{{"other", ""}};
  changes.priority = -3;
  ASSERT_OK(store().Update("jobs/a", changes));
  EXPECT_THAT(Find("labels.k:*"), IsEmpty());
  EXPECT_THAT(Find("priority = -3 AND labels.other = \"\""), ElementsAre("a"));
}

TEST_P(JobStoreSuite, AStaleEtagIsRefused) {
  const std::string etag = Submit("a").job.etag();
  JobChanges changes;
  changes.priority = 1;
  changes.etag = etag;
  ASSERT_OK(store().Update("jobs/a", changes));
  EXPECT_THAT(store().Update("jobs/a", changes),
              StatusIs(StatusCode::kAborted, "etag"));
  EXPECT_THAT(store().Delete("jobs/a", etag, true),
              StatusIs(StatusCode::kAborted, "etag"));
  EXPECT_OK(store().Delete("jobs/a", Get("a").etag(), true));
}

TEST_P(JobStoreSuite, AnEtagIsNotReusedByAnotherJobOfTheName) {
  const std::string etag = Submit("a").job.etag();
  ASSERT_OK(store().Delete("jobs/a", "", true));
  EXPECT_NE(Submit("a").job.etag(), etag);
}

}  // namespace
}  // namespace phosphene
