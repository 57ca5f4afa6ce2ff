#include "server/rpc/watch_reactor.h"

#include <grpcpp/create_channel.h>

#include <cmath>
#include <thread>

#include "tests/rpc/service_fixture.h"

namespace phosphene {
namespace {

using grpc::StatusCode;

std::vector<v1::Job::State> StatesOf(const std::vector<v1::JobEvent>& events) {
  std::vector<v1::Job::State> states;
  for (const v1::JobEvent& event : events) {
    if (event.has_job()) states.push_back(event.job().state());
  }
  return states;
}

int FinalStates(const std::vector<v1::JobEvent>& events) {
  int count = 0;
  for (v1::Job::State state : StatesOf(events))
    count += state == v1::Job::SUCCEEDED;
  return count;
}

int Frames(const std::vector<v1::JobEvent>& events) {
  int count = 0;
  for (const v1::JobEvent& event : events) count += event.has_frame();
  return count;
}

class WatchTest : public ServiceFixture {
 protected:
  WatchTest() { Start(); }

  v1::Job SubmitFrames(int steps, int every) {
    v1::CreateJobRequest request;
    *request.mutable_job()->mutable_spec() = TinySpec(steps);
    request.mutable_job()->mutable_spec()->mutable_frames()->set_every(every);
    v1::Job job;
    EXPECT_THAT(Create(request, &job), Succeeds());
    return job;
  }
  grpc::Status WatchEnd(const std::string& name, int64_t after) {
    grpc::Status end;
    EXPECT_TRUE(Watch(name, after, &end).empty());
    return end;
  }
};

TEST_F(WatchTest, StatesComeInOrderAndEndWithTheFinalOne) {
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  const std::string name = Submit(40).name();
  gate.AwaitArrival();
  const auto context = Context();
  v1::WatchJobRequest request;
  request.set_name(name);
  const auto reader = jobs_->WatchJob(context.get(), request);
  std::vector<v1::JobEvent> events(1);
  ASSERT_TRUE(reader->Read(&events[0]));
  EXPECT_EQ(events[0].job().state(), v1::Job::RUNNING);
  EXPECT_FALSE(events[0].job().has_spec());
  gate.Open();
  for (v1::JobEvent event; reader->Read(&event);) events.push_back(event);
  EXPECT_THAT(reader->Finish(), Succeeds());
  EXPECT_THAT(StatesOf(events),
              testing::ElementsAre(v1::Job::RUNNING, v1::Job::SUCCEEDED));
  EXPECT_TRUE(events.back().has_job());
  EXPECT_GE(Frames(events), 1);
  for (size_t i = 1; i < events.size(); ++i)
    EXPECT_GT(events[i].sequence(), events[i - 1].sequence());
}

TEST_F(WatchTest, ALateWatcherGetsTheLastFrameAndTheFinalStateOnce) {
  const std::string name = Submit(40).name();
  AwaitEnd(name);
  grpc::Status end;
  const auto events = Watch(name, 0, &end);
  EXPECT_THAT(end, Succeeds());
  EXPECT_EQ(FinalStates(events), 1);
  EXPECT_EQ(Frames(events), 1);
  EXPECT_EQ(events.size(), 2u);
}

TEST_F(WatchTest, ADroppedWatcherThatAttachesAgainSeesTheFinalStateOnce) {
  Gate& gate = NewGate();
  engine_->OnStep(20, [&] { gate.Wait(); });
  const std::string name = SubmitFrames(40, 4).name();
  int64_t last = 0;
  {
    v1::WatchJobRequest request;
    request.set_name(name);
    const auto context = Context();
    const auto reader = jobs_->WatchJob(context.get(), request);
    v1::JobEvent event;
    ASSERT_TRUE(reader->Read(&event));
    last = event.sequence();
    context->TryCancel();
    EXPECT_EQ(reader->Finish().error_code(), StatusCode::CANCELLED);
  }
  gate.AwaitArrival();
  gate.Open();
  const auto rest = Watch(name, last);
  EXPECT_EQ(FinalStates(rest), 1);
  for (const v1::JobEvent& event : rest) EXPECT_GT(event.sequence(), last);
  EXPECT_THAT(WatchEnd(name, rest.back().sequence()), Succeeds())
      << "nothing is left to tell";
}

TEST_F(WatchTest, AWatcherAttachesAgainAfterARestart) {
  const std::string name = Submit(kLong).name();
  v1::WatchJobRequest request;
  request.set_name(name);
  const auto context = Context();
  const auto reader = jobs_->WatchJob(context.get(), request);
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));
  std::thread stopper([this] { Shut(); });
  int64_t last = event.sequence();
  while (reader->Read(&event)) last = event.sequence();
  const grpc::Status away = reader->Finish();
  stopper.join();
  // With its details, or by the transport's word when that is gone first.
  EXPECT_EQ(away.error_code(), StatusCode::UNAVAILABLE);
  Start();
  v1::Job job;
  ASSERT_THAT(Cancel(name, &job), Succeeds());
  const auto rest = Watch(name, last);
  EXPECT_EQ(StatesOf(rest).back(), v1::Job::CANCELLED);
  for (const v1::JobEvent& later : rest) EXPECT_GT(later.sequence(), last);
}

TEST_F(WatchTest, FramesCanBeLeftOut) {
  const std::string name = SubmitFrames(40, 1).name();
  AwaitEnd(name);
  v1::WatchJobRequest request;
  request.set_name(name);
  request.set_omit_frames(true);
  const auto context = Context();
  const auto reader = jobs_->WatchJob(context.get(), request);
  std::vector<v1::JobEvent> events;
  for (v1::JobEvent event; reader->Read(&event);) events.push_back(event);
  EXPECT_EQ(Frames(events), 0);
  EXPECT_EQ(FinalStates(events), 1);
}

TEST_F(WatchTest, EveryFaultOfARequestIsTold) {
  v1::WatchJobRequest request;
  request.set_name("nobody");
  request.set_after_sequence(-1);
  for (const double rate : {-1.0, 0.05, 61.0, std::nan("")}) {
    request.set_max_frames_per_second(rate);
    const auto context = Context();
    const auto reader = jobs_->WatchJob(context.get(), request);
    v1::JobEvent event;
    EXPECT_FALSE(reader->Read(&event));
    const grpc::Status status = reader->Finish();
    EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "0.1..60"));
    const google::rpc::BadRequest bad = BadRequestOf(status);
    ASSERT_EQ(bad.field_violations_size(), 3) << rate;
    EXPECT_EQ(bad.field_violations(0).field(), "name");
    EXPECT_EQ(bad.field_violations(1).field(), "after_sequence");
    EXPECT_EQ(bad.field_violations(2).field(), "max_frames_per_second");
  }
}

TEST_F(WatchTest, WhatCannotBeWatchedIsRefused) {
  EXPECT_THAT(WatchEnd("jobs/nobody", 0),
              FailsWith(StatusCode::NOT_FOUND, "nobody"));
  EXPECT_THAT(WatchEnd("nobody", 0),
              FailsWith(StatusCode::INVALID_ARGUMENT, "name"));
  EXPECT_THAT(WatchEnd(Submit(1).name(), -1),
              FailsWith(StatusCode::INVALID_ARGUMENT, "after_sequence"));
}

TEST_F(WatchTest, AWatcherThatNeverReadsHoldsNothingUpAndCostsABoundedAmount) {
  constexpr int kSteps = 30'000;
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  const std::string name = SubmitFrames(kSteps, 1).name();
  gate.AwaitArrival();
  v1::WatchJobRequest request;
  request.set_name(name);
  const auto context = Context();
  // A connection of its own, as it would have in another process: calls of one
  // connection share its flow control.
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  const auto stub = v1::JobService::NewStub(grpc::CreateCustomChannel(
      server_->address(), grpc::InsecureChannelCredentials(), arguments));
  const auto reader = stub->WatchJob(context.get(), request);
  v1::JobEvent event;
  ASSERT_TRUE(reader->Read(&event));  // attached; from here it does not read
  gate.Open();
  EXPECT_EQ(AwaitEnd(name).state(), v1::Job::SUCCEEDED);
  std::vector<v1::JobEvent> late;
  while (reader->Read(&event)) late.push_back(event);
  EXPECT_THAT(reader->Finish(), Succeeds());
  EXPECT_EQ(FinalStates(late), 1);
  // What lay in the transport; most were never made, so many a second are.
  EXPECT_LT(Frames(late), kSteps / 2);
}

TEST_F(WatchTest, APeerWatchesAJobSoManyTimesAndNoMore) {
  Gate& gate = NewGate();
  engine_->OnStep(1, [&] { gate.Wait(); });
  const std::string name = Submit(2).name();
  gate.AwaitArrival();
  struct Open {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientReader<v1::JobEvent>> reader;
  };
  std::vector<Open> open;
  v1::WatchJobRequest request;
  request.set_name(name);
  v1::JobEvent event;
  for (int i = 0; i < 64; ++i) {
    open.push_back({Context(), nullptr});
    open.back().reader = jobs_->WatchJob(open.back().context.get(), request);
    ASSERT_TRUE(open.back().reader->Read(&event));
  }
  EXPECT_THAT(WatchEnd(name, 0),
              FailsWith(StatusCode::RESOURCE_EXHAUSTED, "64 watches of unix"));
  gate.Open();
  for (Open& watcher : open) {
    int finals = 0;
    while (watcher.reader->Read(&event))
      finals += event.job().state() == v1::Job::SUCCEEDED;
    EXPECT_EQ(finals, 1);
    EXPECT_THAT(watcher.reader->Finish(), Succeeds());
  }
}

}  // namespace
}  // namespace phosphene
