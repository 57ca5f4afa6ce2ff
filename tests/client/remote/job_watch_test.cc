#include "client/remote/job_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/client/scripted_server.h"

namespace phosphene::client {
namespace {

using testing::ElementsAre;

const grpc::Status kCut(grpc::StatusCode::UNAVAILABLE, "cut");

v1::JobEvent State(int64_t sequence, v1::Job::State state) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_job()->set_name("jobs/a");
  event.mutable_job()->set_state(state);
  return event;
}

v1::JobEvent Step(int64_t sequence, int64_t step) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_progress()->set_step(step);
  return event;
}

// Over FollowJob, and over WatchJob where a server has no other.
class JobWatchTest : public testing::TestWithParam<bool> {
 protected:
  JobWatchTest() { server_.has_follow = GetParam(); }

  // Everything a watch hands out, as text: "job 1", "progress 3", "lost".
  std::vector<std::string> All(absl::Duration give_up = absl::Minutes(5)) {
    JobWatch::Options options;
    options.name = "jobs/a";
    options.give_up = give_up;
    JobWatch watch(&connection_, options);
    std::vector<std::string> out;
    for (v1::JobEvent event;;) {
      switch (watch.Next(absl::Seconds(10), &event)) {
        case JobWatch::Got::kEvent:
          out.push_back((event.has_job() ? "job " : "progress ") +
                        std::to_string(event.sequence()));
          break;
        case JobWatch::Got::kLost:
          out.push_back("lost");
          break;
        case JobWatch::Got::kNothing:
          return {"stuck"};
        case JobWatch::Got::kEnd:
          status_ = watch.status();
          return out;
      }
    }
  }

  ScriptedServer server_;
  Connection connection_{server_.address()};
  absl::Status status_;
};

TEST_P(JobWatchTest, EndsAfterTheFinalState) {
  server_.watches = {
      {{State(1, v1::Job::RUNNING), State(2, v1::Job::SUCCEEDED)}, {}}};
  EXPECT_THAT(All(), ElementsAre("job 1", "job 2"));
  EXPECT_TRUE(status_.ok()) << status_;
}

TEST_P(JobWatchTest, GoesOnByTheLastSequenceSeen) {
  server_.watches = {{{State(1, v1::Job::QUEUED), Step(5, 1)}, kCut},
                     {{State(7, v1::Job::SUCCEEDED)}, {}}};
  const std::vector<std::string> all = All();
  EXPECT_EQ(all.back(), "job 7");
  EXPECT_EQ(std::count(all.begin(), all.end(), "job 7"), 1);
  EXPECT_THAT(server_.watched_after, ElementsAre(0, 5));
  EXPECT_TRUE(status_.ok());
}

TEST_P(JobWatchTest, TheFinalStateIsHandedOutOnce) {
  server_.watches = {
      {{State(3, v1::Job::FAILED), State(4, v1::Job::FAILED)}, kCut}};
  EXPECT_THAT(All(), ElementsAre("job 3"));
  EXPECT_TRUE(status_.ok());
}

TEST_P(JobWatchTest, AnEndWithoutFinalStateIsABrokenConnection) {
  server_.watches = {{{State(1, v1::Job::RUNNING)}, {}},
                     {{State(2, v1::Job::CANCELLED)}, {}}};
  EXPECT_EQ(All().back(), "job 2");
  EXPECT_EQ(server_.watched_after.size(), 2u);
}

TEST_P(JobWatchTest, AnAnswerOfTheServerIsNotTriedAgain) {
  server_.watches = {
      {{}, RichError(grpc::StatusCode::NOT_FOUND, "no job \"a\"", "", "")}};
  EXPECT_THAT(All(), ElementsAre());
  EXPECT_EQ(status_.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(server_.watched_after.size(), 1u);
}

TEST_P(JobWatchTest, GivesUpWhenNobodyAnswers) {
  server_.watches = {{{}, kCut}};
  const std::vector<std::string> all = All(absl::Milliseconds(300));
  EXPECT_THAT(all, ElementsAre("lost"));
  EXPECT_EQ(status_.code(), absl::StatusCode::kUnavailable);
}

TEST_P(JobWatchTest, ASlowReaderFindsStatesAndTheNewestProgress) {
  std::vector<v1::JobEvent> events = {State(1, v1::Job::RUNNING)};
  for (int i = 2; i < 200; ++i) events.push_back(Step(i, i));
  events.push_back(State(200, v1::Job::SUCCEEDED));
  server_.watches = {{events, {}}};
  JobWatch::Options options;
  options.name = "jobs/a";
  JobWatch watch(&connection_, options);
  // The stream has ended when status() would be asked for: wait for that by
  // reading the last event only after the call was served.
  v1::JobEvent event;
  std::vector<int64_t> sequences;
  while (watch.Next(absl::Seconds(10), &event) == JobWatch::Got::kEvent) {
    sequences.push_back(event.sequence());
  }
  EXPECT_EQ(sequences.front(), 1);
  EXPECT_EQ(sequences.back(), 200);
  EXPECT_TRUE(std::is_sorted(sequences.begin(), sequences.end()));
}

TEST_P(JobWatchTest, LeavingEndsTheStreamAtOnce) {
  server_.watches = {{{}, kCut}};
  JobWatch::Options options;
  options.name = "jobs/a";
  const JobWatch watch(&connection_, options);
}

TEST_P(JobWatchTest, AStreamNobodyReadForAWhileIsTakenUpAgain) {
  server_.watches = {
      {{State(1, v1::Job::RUNNING)},
       RichError(grpc::StatusCode::RESOURCE_EXHAUSTED, "not read", "", "")},
      {{State(2, v1::Job::SUCCEEDED)}, {}}};
  EXPECT_EQ(All().back(), "job 2");
  EXPECT_TRUE(status_.ok()) << status_;
}

INSTANTIATE_TEST_SUITE_P(Calls, JobWatchTest, testing::Bool(),
                         [](const auto& info) {
                           return info.param ? "FollowJob" : "WatchJob";
                         });

v1::JobEvent Picture(int64_t sequence) {
  v1::JobEvent event;
  event.set_sequence(sequence);
  event.mutable_frame()->set_step(sequence);
  return event;
}

// The server of this test sends no third frame before an acknowledgement, so a
// watch that forgot one would stand still.
TEST(Follow, EveryFrameIsAcknowledgedAfterItWasDealtWith) {
  ScriptedServer server;
  server.has_follow = true;
  std::vector<v1::JobEvent> events = {State(1, v1::Job::RUNNING)};
  for (int64_t i = 2; i <= 21; ++i) events.push_back(Picture(i));
  events.push_back(State(22, v1::Job::SUCCEEDED));
  server.watches = {{events, {}}};
  Connection connection(server.address());
  JobWatch::Options options;
  options.name = "jobs/a";
  JobWatch watch(&connection, options);
  std::vector<int64_t> shown;
  v1::JobEvent event;
  while (watch.Next(absl::Seconds(10), &event) == JobWatch::Got::kEvent) {
    const std::lock_guard<std::mutex> lock(server.mutex);
    // Not before it is dealt with.
    if (event.has_frame()) {
      EXPECT_TRUE(server.acknowledged.empty() ||
                  server.acknowledged.back() < event.sequence());
    }
    shown.push_back(event.sequence());
  }
  EXPECT_TRUE(watch.status().ok()) << watch.status();
  EXPECT_EQ(shown.back(), 22);
  EXPECT_GE(server.acknowledged.size(), 9u);
  for (int64_t sequence : server.acknowledged)
    EXPECT_THAT(shown, testing::Contains(sequence));
}

TEST(Follow, AServerWithoutItIsAskedOnce) {
  ScriptedServer server;
  server.watches = {{{State(1, v1::Job::RUNNING)}, kCut},
                    {{State(2, v1::Job::SUCCEEDED)}, {}}};
  Connection connection(server.address());
  JobWatch::Options options;
  options.name = "jobs/a";
  JobWatch watch(&connection, options);
  v1::JobEvent event;
  while (watch.Next(absl::Seconds(10), &event) != JobWatch::Got::kEnd) {
  }
  EXPECT_TRUE(watch.status().ok()) << watch.status();
  EXPECT_EQ(server.follow_calls, 1);
  EXPECT_EQ(server.watched_after.size(), 2u);
}

}  // namespace
}  // namespace phosphene::client
