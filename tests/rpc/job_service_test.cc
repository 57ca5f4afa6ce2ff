#include "server/rpc/job_service.h"

#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "tests/rpc/service_fixture.h"

namespace phosphene {
namespace {

using grpc::StatusCode;
using testing::AnyOf;
using testing::ElementsAre;

constexpr char kRequestId[] = "7b5d2f8e-1a7f-4a1e-9b58-0d6f4f1f1c11";

class JobServiceTest : public ServiceFixture {
 protected:
  JobServiceTest() { Start(); }

  static v1::CreateJobRequest Request(int steps = 3) {
    v1::CreateJobRequest request;
    *request.mutable_job()->mutable_spec() = TinySpec(steps);
    return request;
  }
  grpc::Status List(const v1::ListJobsRequest& request,
                    v1::ListJobsResponse* response) {
    response->Clear();
    return jobs_->ListJobs(Context().get(), request, response);
  }
  grpc::Status Update(const v1::Job& job, const std::vector<std::string>& paths,
                      v1::Job* updated) {
    v1::UpdateJobRequest request;
    *request.mutable_job() = job;
    for (const std::string& path : paths)
      request.mutable_update_mask()->add_paths(path);
    return jobs_->UpdateJob(Context().get(), request, updated);
  }
  grpc::Status Pause(const std::string& name, v1::Job* job) {
    v1::PauseJobRequest request;
    request.set_name(name);
    return jobs_->PauseJob(Context().get(), request, job);
  }
  grpc::Status Resume(const std::string& name, v1::Job* job) {
    v1::ResumeJobRequest request;
    request.set_name(name);
    return jobs_->ResumeJob(Context().get(), request, job);
  }
  grpc::Status Delete(const v1::DeleteJobRequest& request) {
    google::protobuf::Empty nothing;
    return jobs_->DeleteJob(Context().get(), request, &nothing);
  }
  static v1::DeleteJobRequest Deletion(const std::string& name) {
    v1::DeleteJobRequest request;
    request.set_name(name);
    return request;
  }

  v1::Job job_;
};

// A job that runs holds the device at its first step, so that others wait.
class BusyServerTest : public JobServiceTest {
 protected:
  BusyServerTest() {
    engine_->OnStep(1, [this] {
      if (std::exchange(held_, true)) return;  // later jobs pass
      gate_.Wait();
    });
    running_ = Submit(kSteps, "running").name();
    gate_.AwaitArrival();
  }
  ~BusyServerTest() override { Release(); }
  void Release() {
    if (!released_) gate_.Open();
    released_ = true;
  }

  static constexpr int kSteps = 10'000;
  Gate& gate_ = NewGate();
  bool held_ = false;  // of the only lane
  bool released_ = false;
  std::string running_;
};

TEST_F(JobServiceTest, AJobRunsToItsEndAndItsResultCanBeRead) {
  const v1::Job made = Submit(5);
  EXPECT_THAT(made.state(),
              AnyOf(v1::Job::QUEUED, v1::Job::RUNNING, v1::Job::SUCCEEDED));
  EXPECT_EQ(made.total_steps(), 5);
  const v1::Job job = AwaitEnd(made.name());
  EXPECT_EQ(job.state(), v1::Job::SUCCEEDED);
  EXPECT_EQ(job.step(), 5);
  ASSERT_EQ(job.artifacts_size(), 1);
  std::string bytes;
  ASSERT_THAT(Read(job.artifacts(0).blob(), 0, 0, &bytes), Succeeds());
  EXPECT_EQ(bytes, FakeEngine::ResultOf(TinySpec(5)));
}

TEST_F(JobServiceTest, EveryFaultOfASpecIsToldAtOnceWithItsPath) {
  v1::CreateJobRequest request = Request(-1);
  request.mutable_job()->set_priority(1000);
  const grpc::Status status = Create(request, &job_);
  EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "spec.steps"));
  std::set<std::string> fields;
  const google::rpc::BadRequest bad = BadRequestOf(status);
  for (const auto& violation : bad.field_violations())
    fields.insert(violation.field());
  EXPECT_THAT(fields, testing::IsSupersetOf({"spec.steps", "priority"}));
}

TEST_F(JobServiceTest, WhatTheEngineRefusesIsRefused) {
  engine_->SetCheck(FieldError("spec.objectives[0].channel.layer",
                               "no layer \"mixd4c\"; nearest \"mixed4c\""));
  const grpc::Status unknown_layer = Create(Request(), &job_);
  EXPECT_THAT(unknown_layer,
              FailsWith(StatusCode::INVALID_ARGUMENT, "mixed4c"));
  EXPECT_EQ(BadRequestOf(unknown_layer).field_violations(0).field(),
            "spec.objectives[0].channel.layer");
  engine_->SetCheck(
      absl::UnimplementedError("parameterization.cppn is not built in"));
  EXPECT_THAT(Create(Request(), &job_),
              FailsWith(StatusCode::UNIMPLEMENTED, "cppn"));
}

TEST_F(JobServiceTest, AMissingModelIsNotFoundAndTheNearestIsGiven) {
  v1::CreateJobRequest request = Request();
  request.mutable_job()->mutable_spec()->set_model("phosphene-tinny");
  EXPECT_THAT(Create(request, &job_),
              FailsWith(StatusCode::NOT_FOUND, "spec.model"));
  EXPECT_THAT(Create(request, &job_),
              FailsWith(StatusCode::NOT_FOUND, "\"phosphene-tiny\""));
}

TEST_F(JobServiceTest, AMissingBlobIsNotFound) {
  v1::CreateJobRequest request = Request();
  const std::string missing = "blobs/" + std::string(64, 'a');
  request.mutable_job()
      ->mutable_spec()
      ->mutable_parameterization()
      ->mutable_init()
      ->set_image(missing);
  EXPECT_THAT(Create(request, &job_),
              FailsWith(StatusCode::NOT_FOUND, missing));
}

TEST_F(JobServiceTest, TheSameRequestIdMakesOneJob) {
  v1::CreateJobRequest request = Request();
  request.set_request_id(kRequestId);
  v1::Job first, second;
  ASSERT_THAT(Create(request, &first), Succeeds());
  ASSERT_THAT(Create(request, &second), Succeeds());
  EXPECT_EQ(first.name(), second.name());
  request.mutable_job()->mutable_spec()->set_seed(9);
  EXPECT_THAT(Create(request, &job_),
              FailsWith(StatusCode::ALREADY_EXISTS, ""));
}

TEST_F(JobServiceTest, ATakenJobIdIsRefused) {
  Submit(1, "mine");
  v1::CreateJobRequest request = Request();
  request.set_job_id("mine");
  EXPECT_THAT(Create(request, &job_),
              FailsWith(StatusCode::ALREADY_EXISTS, "mine"));
}

TEST_F(JobServiceTest, ValidateOnlyChecksAndStoresNothing) {
  v1::CreateJobRequest request = Request(7);
  request.set_validate_only(true);
  ASSERT_THAT(Create(request, &job_), Succeeds());
  EXPECT_EQ(job_.total_steps(), 7);
  v1::ListJobsResponse all;
  ASSERT_THAT(List({}, &all), Succeeds());
  EXPECT_EQ(all.total_size(), 0);
  request.mutable_job()->mutable_spec()->set_steps(-1);
  EXPECT_THAT(Create(request, &job_),
              FailsWith(StatusCode::INVALID_ARGUMENT, "steps"));
}

TEST_F(JobServiceTest, ValidateOnlySeesWhatIsTaken) {
  v1::CreateJobRequest request = Request();
  request.set_job_id("mine");
  request.set_request_id(kRequestId);
  ASSERT_THAT(Create(request, &job_), Succeeds());
  request.set_validate_only(true);
  ASSERT_THAT(Create(request, &job_), Succeeds());
  EXPECT_EQ(job_.name(), "jobs/mine");
  request.clear_request_id();
  EXPECT_EQ(ErrorInfoOf(Create(request, &job_)).reason(), "JOB_EXISTS");
  request.set_job_id("other");
  ASSERT_THAT(Create(request, &job_), Succeeds());
  request.set_request_id(absl::AsciiStrToUpper(kRequestId));
  EXPECT_EQ(ErrorInfoOf(Create(request, &job_)).reason(), "REQUEST_ID_REUSED");
}

// The first call of any generated stub has none.
TEST_F(JobServiceTest, CreateNeedsNoDeadline) {
  grpc::ClientContext context;
  EXPECT_THAT(jobs_->CreateJob(&context, Request(), &job_), Succeeds());
}

TEST_F(JobServiceTest, TheTraceOfTheCallIsKeptWithTheJob) {
  constexpr char kTrace[] =
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  auto context = Context();
  context->AddMetadata("traceparent", kTrace);
  ASSERT_THAT(jobs_->CreateJob(context.get(), Request(), &job_), Succeeds());
  EXPECT_EQ(Get(job_.name()).traceparent(), kTrace);
}

TEST_F(JobServiceTest, OutputOnlyFieldsOfARequestAreIgnored) {
  v1::CreateJobRequest request = Request();
  request.mutable_job()->set_state(v1::Job::FAILED);
  request.mutable_job()->set_attempt(9);
  request.mutable_job()->set_name("jobs/forged");
  ASSERT_THAT(Create(request, &job_), Succeeds());
  EXPECT_NE(job_.name(), "jobs/forged");
  EXPECT_EQ(AwaitEnd(job_.name()).attempt(), 1);
}

TEST_F(JobServiceTest, AFullQueueRefusesMore) {
  Shut();
  config_.set_max_queued_jobs(1);
  Start();
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  Submit(1, "runs");
  gate.AwaitArrival();
  Submit(2, "waits");
  EXPECT_THAT(Create(Request(), &job_),
              FailsWith(StatusCode::RESOURCE_EXHAUSTED, ""));
  v1::Job cancelled;
  ASSERT_THAT(Cancel("jobs/waits", &cancelled), Succeeds());
  gate.Open();
}

TEST_F(JobServiceTest, UnknownAndMalformedNamesAreToldApart) {
  EXPECT_THAT(Get("jobs/nobody", &job_),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
  EXPECT_THAT(Cancel("jobs/nobody", &job_),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
  EXPECT_THAT(Pause("jobs/nobody", &job_),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
  EXPECT_THAT(Resume("jobs/nobody", &job_),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
  EXPECT_THAT(Delete(Deletion("jobs/nobody")),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
  EXPECT_THAT(Get("models/nobody", &job_),
              FailsWith(StatusCode::INVALID_ARGUMENT, "name"));
  EXPECT_THAT(Get("", &job_), FailsWith(StatusCode::INVALID_ARGUMENT, "name"));
}

TEST_F(JobServiceTest, AFailedRunIsAFailedJobWithItsReason) {
  engine_->FailAt(2, absl::ResourceExhaustedError("out of memory"));
  const v1::Job job = AwaitEnd(Submit(5).name());
  EXPECT_EQ(job.state(), v1::Job::FAILED);
  EXPECT_EQ(job.error().code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(job.error().message(), testing::HasSubstr("out of memory"));
  EXPECT_THAT(Cancel(job.name(), &job_),
              FailsWith(StatusCode::FAILED_PRECONDITION, ""));
}

TEST_F(JobServiceTest, AListComesInPagesNewestFirst) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) made.insert(made.begin(), Submit(1).name());
  v1::ListJobsRequest request;
  request.set_page_size(2);
  v1::ListJobsResponse page;
  std::vector<std::string> listed;
  int pages = 0;
  do {
    ASSERT_THAT(List(request, &page), Succeeds());
    EXPECT_EQ(page.total_size(), 5);
    for (const v1::Job& job : page.jobs()) listed.push_back(job.name());
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!page.next_page_token().empty());
  EXPECT_EQ(listed, made);
  EXPECT_EQ(pages, 3);
}

TEST_F(JobServiceTest, AListLeavesSpecsOutUnlessItsViewIsFull) {
  const v1::Job made = Submit(3);
  v1::ListJobsRequest request;
  v1::ListJobsResponse page;
  ASSERT_THAT(List(request, &page), Succeeds());
  EXPECT_EQ(page.jobs(0).spec().model(), "phosphene-tiny");
  EXPECT_FALSE(page.jobs(0).spec().has_parameterization());
  request.set_view(v1::ListJobsRequest::FULL);
  ASSERT_THAT(List(request, &page), Succeeds());
  EXPECT_EQ(page.jobs(0).spec().SerializeAsString(),
            made.spec().SerializeAsString());
  request.set_view(static_cast<v1::ListJobsRequest::View>(7));
  EXPECT_THAT(List(request, &page),
              FailsWith(StatusCode::INVALID_ARGUMENT, "view"));
}

TEST_F(JobServiceTest, AFilterChoosesAndItsTokensAreItsOwn) {
  v1::CreateJobRequest request = Request(1);
  for (const char* project : {"gallery", "gallery", "other"}) {
    (*request.mutable_job()->mutable_labels())["project"] = project;
    ASSERT_THAT(Create(request, &job_), Succeeds());
  }
  v1::ListJobsRequest list;
  list.set_filter("labels.project = \"gallery\"");
  list.set_page_size(1);
  v1::ListJobsResponse page;
  ASSERT_THAT(List(list, &page), Succeeds());
  EXPECT_EQ(page.total_size(), 2);
  list.set_filter("labels.project = \"other\"");
  list.set_page_token(page.next_page_token());
  EXPECT_THAT(List(list, &page),
              FailsWith(StatusCode::INVALID_ARGUMENT, "page_token"));
}

TEST_F(JobServiceTest, BadListsAreRefusedWithTheField) {
  v1::ListJobsResponse page;
  v1::ListJobsRequest request;
  request.set_filter("colour = red");
  EXPECT_THAT(List(request, &page),
              FailsWith(StatusCode::INVALID_ARGUMENT, "filter"));
  request.set_filter("");
  request.set_page_size(-1);
  EXPECT_THAT(List(request, &page),
              FailsWith(StatusCode::INVALID_ARGUMENT, "page_size"));
  request.set_page_size(0);
  request.set_page_token("forged");
  EXPECT_THAT(List(request, &page),
              FailsWith(StatusCode::INVALID_ARGUMENT, "page_token"));
}

TEST_F(JobServiceTest, LabelsAndPriorityChangeAndNothingElse) {
  v1::Job job = AwaitEnd(Submit(1).name());
  (*job.mutable_labels())["kept"] = "yes";
  job.set_priority(7);
  v1::Job updated;
  ASSERT_THAT(Update(job, {"labels"}, &updated), Succeeds());
  EXPECT_EQ(updated.labels().at("kept"), "yes");
  EXPECT_EQ(updated.priority(), 0);
  EXPECT_NE(updated.etag(), job.etag());
  EXPECT_THAT(Update(job, {"priority"}, &updated),
              FailsWith(StatusCode::ABORTED, "etag"));
  job.clear_etag();
  ASSERT_THAT(Update(job, {"*"}, &updated), Succeeds());
  EXPECT_EQ(updated.priority(), 7);
  EXPECT_THAT(Update(job, {"spec"}, &updated),
              FailsWith(StatusCode::INVALID_ARGUMENT, "spec"));
  job.set_name("jobs/nobody");
  EXPECT_THAT(Update(job, {"priority"}, &updated),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
}

TEST_F(JobServiceTest, WithoutAMaskTheFieldsThatAreSetChange) {
  const std::string name = AwaitEnd(Submit(1).name()).name();
  v1::Job change, updated;
  change.set_name(name);
  change.set_priority(-3);
  ASSERT_THAT(Update(change, {}, &updated), Succeeds());
  EXPECT_EQ(updated.priority(), -3);
}

TEST_F(JobServiceTest, AnEndedJobIsDeletedAndMissingOnesMayBeAllowed) {
  const v1::Job job = AwaitEnd(Submit(1).name());
  v1::DeleteJobRequest request = Deletion(job.name());
  request.set_etag("stale");
  EXPECT_THAT(Delete(request), FailsWith(StatusCode::ABORTED, ""));
  request.set_etag(job.etag());
  EXPECT_THAT(Delete(request), Succeeds());
  EXPECT_THAT(Get(job.name(), &job_), FailsWith(StatusCode::NOT_FOUND, ""));
  request.clear_etag();
  EXPECT_THAT(Delete(request), FailsWith(StatusCode::NOT_FOUND, ""));
  request.set_allow_missing(true);
  EXPECT_THAT(Delete(request), Succeeds());
}

TEST_F(JobServiceTest, KeptFramesAreListedAndFetched) {
  v1::CreateJobRequest request = Request(6);
  request.mutable_job()->mutable_spec()->mutable_frames()->set_every(2);
  request.mutable_job()->mutable_spec()->mutable_frames()->set_keep_every(1);
  ASSERT_THAT(Create(request, &job_), Succeeds());
  AwaitEnd(job_.name());
  v1::ListFramesRequest list;
  list.set_parent(job_.name());
  list.set_page_size(1);
  v1::ListFramesResponse frames;
  ASSERT_THAT(jobs_->ListFrames(Context().get(), list, &frames), Succeeds());
  ASSERT_EQ(frames.frames_size(), 1);
  EXPECT_EQ(frames.frames(0).step(), 2);
  EXPECT_TRUE(frames.frames(0).image().empty());
  EXPECT_FALSE(frames.next_page_token().empty());
  v1::GetFrameRequest get;
  get.set_name(frames.frames(0).name());
  v1::Frame frame;
  ASSERT_THAT(jobs_->GetFrame(Context().get(), get, &frame), Succeeds());
  EXPECT_FALSE(frame.image().empty());
  get.set_name(job_.name() + "/frames/3");
  EXPECT_THAT(jobs_->GetFrame(Context().get(), get, &frame),
              FailsWith(StatusCode::NOT_FOUND, "3"));
  get.set_name(job_.name());
  EXPECT_THAT(jobs_->GetFrame(Context().get(), get, &frame),
              FailsWith(StatusCode::INVALID_ARGUMENT, "name"));
}

TEST_F(BusyServerTest, ACancelledQueuedJobNeverRuns) {
  const std::string waiting = Submit(3, "waiting").name();
  v1::Job cancelled;
  ASSERT_THAT(Cancel(waiting, &cancelled), Succeeds());
  EXPECT_EQ(cancelled.state(), v1::Job::CANCELLED);
  ASSERT_THAT(Cancel(waiting, &cancelled), Succeeds())
      << "cancelling twice is no error";
  ASSERT_THAT(Cancel(running_, &cancelled), Succeeds());
  Release();
  AwaitEnd(running_);
  EXPECT_EQ(engine_->runs().size(), 1u);
}

TEST_F(BusyServerTest, ACancelledRunStopsWithinTwoStepsAndKeepsWhatThereWas) {
  v1::Job job;
  ASSERT_THAT(Cancel(running_, &job), Succeeds());
  EXPECT_EQ(job.state(), v1::Job::CANCELLING);
  ASSERT_THAT(Cancel(running_, &job), Succeeds());
  Release();
  job = AwaitEnd(running_);
  EXPECT_EQ(job.state(), v1::Job::CANCELLED);
  EXPECT_LE(job.step(), 3);
  EXPECT_EQ(job.artifacts_size(), 1);
}

TEST_F(BusyServerTest, APausedRunGivesTheDeviceAwayAndEndsWithTheSameBytes) {
  v1::Job job;
  ASSERT_THAT(Pause(running_, &job), Succeeds());
  EXPECT_EQ(job.state(), v1::Job::PAUSING);
  Release();
  EXPECT_EQ(AwaitEnd(Submit(2, "other").name()).state(), v1::Job::SUCCEEDED);
  EXPECT_EQ(Get(running_).state(), v1::Job::PAUSED);
  ASSERT_THAT(Pause(running_, &job), Succeeds()) << "pausing twice is no error";
  ASSERT_THAT(Resume(running_, &job), Succeeds());
  job = AwaitEnd(running_);
  EXPECT_EQ(job.state(), v1::Job::SUCCEEDED);
  std::string bytes;
  ASSERT_THAT(Read(job.artifacts(0).blob(), 0, 0, &bytes), Succeeds());
  EXPECT_EQ(bytes, FakeEngine::ResultOf(TinySpec(kSteps)));
  EXPECT_THAT(Resume(running_, &job),
              FailsWith(StatusCode::FAILED_PRECONDITION, ""));
  EXPECT_THAT(Pause(running_, &job),
              FailsWith(StatusCode::FAILED_PRECONDITION, ""));
}

TEST_F(BusyServerTest, AResumeTakesAPauseBackBeforeItIsFulfilled) {
  v1::Job job;
  ASSERT_THAT(Pause(running_, &job), Succeeds());
  ASSERT_THAT(Resume(running_, &job), Succeeds());
  EXPECT_EQ(job.state(), v1::Job::RUNNING);
  Release();
  EXPECT_EQ(AwaitEnd(running_).state(), v1::Job::SUCCEEDED);
}

// More than can be answered soon are told so at once; those taken are answered.
TEST_F(JobServiceTest, CallsForWhichThereIsNoRoomAreToldToComeAgain) {
  std::promise<void> open;
  std::shared_future<void> opened = open.get_future().share();
  std::promise<void> busy;
  std::atomic<int> looking = 0;
  engine_->OnInspect([&, opened] {
    if (++looking == 2) busy.set_value();
    opened.wait();
  });
  const std::string blob = Store("a network");
  constexpr int kCalls = 60;  // two are worked on, 50 may wait
  struct Call {
    std::unique_ptr<grpc::ClientContext> context = Context();
    v1::CreateModelRequest request;
    v1::Model model;
    std::promise<grpc::Status> answer;
  };
  std::vector<Call> calls(kCalls);
  std::atomic<int> refused = 0;
  std::promise<void> all_refused;
  for (int i = 0; i < kCalls; ++i) {
    if (i == 2) busy.get_future().wait();
    Call& call = calls[i];
    call.request.set_model_id(absl::StrCat("m", i));
    call.request.set_blob(blob);
    models_->async()->CreateModel(
        call.context.get(), &call.request, &call.model,
        [&](const grpc::Status& status) {
          if (ErrorInfoOf(status).reason() == "OVERLOADED" &&
              ++refused == kCalls - 52) {
            all_refused.set_value();
          }
          call.answer.set_value(status);
        });
  }
  all_refused.get_future().wait();
  open.set_value();
  int answered = 0;
  for (Call& call : calls) {
    const grpc::Status status = call.answer.get_future().get();
    answered += status.ok();
    if (status.ok()) continue;
    EXPECT_THAT(status, FailsWith(StatusCode::UNAVAILABLE, "again"));
    EXPECT_TRUE(HasRetryInfo(status));
  }
  EXPECT_EQ(answered, 52);
}

// Looking at a network takes seconds, and as many of them as there are
// threads: a job is accepted meanwhile.
TEST_F(JobServiceTest, CreateDoesNotWaitForNetworksThatAreLookedAt) {
  std::promise<void> arrived, open;
  std::shared_future<void> opened = open.get_future().share();
  std::atomic<int> looking = 0;
  engine_->OnInspect([&, opened] {
    if (++looking == 2) arrived.set_value();
    opened.wait();
  });
  const std::string blob = Store("a network");
  std::vector<std::thread> adding;
  for (int i = 0; i < 4; ++i) {
    adding.emplace_back([&, i] {
      v1::CreateModelRequest request;
      request.set_model_id(absl::StrCat("m", i));
      request.set_blob(blob);
      v1::Model model;
      models_->CreateModel(Context().get(), request, &model);
    });
  }
  arrived.get_future().wait();
  EXPECT_THAT(Create(Request(), &job_), Succeeds());
  open.set_value();
  for (std::thread& thread : adding) thread.join();
}

TEST_F(BusyServerTest, ARunningJobIsDeletedOnlyByForce) {
  EXPECT_THAT(Delete(Deletion(running_)),
              FailsWith(StatusCode::FAILED_PRECONDITION, ""));
  v1::DeleteJobRequest request = Deletion(running_);
  request.set_force(true);
  ASSERT_THAT(Delete(request), Succeeds());
  EXPECT_THAT(Get(running_, &job_), FailsWith(StatusCode::NOT_FOUND, ""));
  Release();
  EXPECT_EQ(AwaitEnd(Submit(2, "next").name()).state(), v1::Job::SUCCEEDED);
}

TEST_F(BusyServerTest, GetShowsHowFarARunIs) {
  Gate& later = NewGate();
  engine_->OnStep(500, [&] { later.Wait(); });
  Release();
  later.AwaitArrival();
  const v1::Job job = Get(running_);
  EXPECT_EQ(job.state(), v1::Job::RUNNING);
  EXPECT_EQ(job.step(), 500);
  EXPECT_EQ(job.device(), "devices/cpu-0");
  v1::ListJobsResponse all;
  ASSERT_THAT(List({}, &all), Succeeds());
  EXPECT_EQ(all.jobs(0).step(), 500);
  later.Open();
}

TEST_F(BusyServerTest, AHigherPriorityRunsFirst) {
  Submit(1, "first");
  v1::CreateJobRequest request = Request(1);
  request.set_job_id("urgent");
  request.mutable_job()->set_priority(10);
  request.mutable_job()->mutable_spec()->set_model("models/phosphene-tiny");
  ASSERT_THAT(Create(request, &job_), Succeeds());
  ASSERT_THAT(Cancel(running_, &job_), Succeeds());
  Release();
  AwaitEnd("jobs/first");
  ASSERT_EQ(engine_->runs().size(), 3u);
  EXPECT_EQ(engine_->runs()[1].model, "models/phosphene-tiny");
}

}  // namespace
}  // namespace phosphene
