#include <cmath>
#include <thread>

#include "server/rpc/watch_reactor.h"
#include "tests/rpc/hub_fixture.h"

namespace phosphene {
namespace {

using grpc::StatusCode;

class FollowTest : public HubFixture {
 protected:
  FollowTest() : call_(stub_->FollowJob(&context_)) {}

  void Watch() {
    v1::FollowJobRequest message;
    *message.mutable_watch() = request_;
    EXPECT_TRUE(call_->Write(message));
    ++sent_;
  }
  // Returns when the service has dealt with it.
  void Acknowledge(int64_t sequence) {
    v1::FollowJobRequest message;
    message.set_acknowledged_sequence(sequence);
    EXPECT_TRUE(call_->Write(message));
    ++sent_;
    while (Received("FollowJob") < sent_) std::this_thread::yield();
  }
  v1::JobEvent Read() {
    v1::JobEvent event;
    EXPECT_TRUE(call_->Read(&event));
    return event;
  }
  // The step of the next frame; -1 where the call ends before one.
  int64_t ReadStep() {
    v1::JobEvent event;
    while (call_->Read(&event)) {
      if (event.has_frame()) return event.frame().step();
    }
    ADD_FAILURE() << "no more frames: " << call_->Finish().error_message();
    return -1;
  }
  grpc::Status End() {
    v1::JobEvent event;
    while (call_->Read(&event)) {
    }
    return call_->Finish();
  }

  std::unique_ptr<grpc::ClientReaderWriter<v1::FollowJobRequest, v1::JobEvent>>
      call_;
  int sent_ = 0;
};

TEST_F(FollowTest, AJobIsFollowedToItsEnd) {
  Watch();
  EXPECT_EQ(Read().job().state(), v1::Job::QUEUED);
  Running();
  EXPECT_EQ(Read().job().state(), v1::Job::RUNNING);
  Frame(1);
  EXPECT_EQ(ReadStep(), 1);
  Ends();
  EXPECT_EQ(Read().job().state(), v1::Job::SUCCEEDED);
  EXPECT_THAT(End(), Succeeds());
}

TEST_F(FollowTest, TwoFramesAreOnTheWayAndTheNextIsTheNewest) {
  Running();
  Watch();
  EXPECT_EQ(Read().job().state(), v1::Job::RUNNING);
  Frame(1);
  const v1::JobEvent first = Read();
  Pass(absl::Milliseconds(100));
  Frame(2);
  EXPECT_EQ(ReadStep(), 2);
  for (int i = 3; i <= 30; ++i) {
    Pass(absl::Milliseconds(100));
    Frame(i);
  }
  Acknowledge(first.sequence());
  const v1::JobEvent next = Read();
  EXPECT_EQ(next.frame().step(), 30);
  EXPECT_EQ(next.dropped_frames(), 27);
}

TEST_F(FollowTest, WhoNeverAcknowledgesGetsTwoFramesThenStatesAlone) {
  Running();
  Watch();
  Read();
  for (int i = 1; i <= 2; ++i) {
    Frame(i);
    EXPECT_EQ(ReadStep(), i);
    Pass(absl::Seconds(1));
  }
  for (int i = 3; i <= 20; ++i) {
    Frame(i);
    Pass(absl::Milliseconds(100));
  }
  Ends();
  Pass(absl::Seconds(5));
  EXPECT_EQ(Read().job().state(), v1::Job::SUCCEEDED);
  EXPECT_THAT(End(), Succeeds());
}

TEST_F(FollowTest, AClientThatClosesItsSideIsPacedAsAWatch) {
  Running();
  Watch();
  Read();
  EXPECT_TRUE(call_->WritesDone());
  // Until the service has noticed, two are all there is.
  for (int i = 1; i <= 10; ++i) {
    Frame(i);
    Pass(absl::Milliseconds(100));
    EXPECT_GE(ReadStep(), i);
  }
}

TEST_F(FollowTest, ACancelledCallIsForgottenWhateverItsState) {
  Watch();
  Read();
  EXPECT_EQ(hub_.watchers(), 1);
  grpc::ClientContext unopened;
  const auto other = stub_->FollowJob(&unopened);
  context_.TryCancel();
  unopened.TryCancel();
  EXPECT_EQ(call_->Finish().error_code(), StatusCode::CANCELLED);
  EXPECT_EQ(other->Finish().error_code(), StatusCode::CANCELLED);
  server_->Shutdown(absl::InfiniteDuration());  // waits for every call's end
  EXPECT_EQ(hub_.watchers(), 0);
}

TEST_F(FollowTest, TheFirstMessageSaysWhatToWatch) {
  v1::FollowJobRequest message;
  message.set_acknowledged_sequence(1);
  EXPECT_TRUE(call_->Write(message));
  const grpc::Status status = End();
  EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "watch"));
  EXPECT_EQ(BadRequestOf(status).field_violations(0).field(), "watch");
}

TEST_F(FollowTest, ACallThatNeverSaysWhatToWatchIsEnded) {
  EXPECT_TRUE(call_->WritesDone());
  EXPECT_THAT(End(), FailsWith(StatusCode::INVALID_ARGUMENT, "watch"));
  grpc::ClientContext context;
  const auto mute = stub_->FollowJob(&context);
  std::atomic<bool> ended = false;
  std::thread passing([&] {
    while (!ended) {
      Pass(kFirstMessage);
      std::this_thread::yield();
    }
  });
  v1::JobEvent event;
  EXPECT_FALSE(mute->Read(&event));
  ended = true;
  passing.join();
  EXPECT_THAT(mute->Finish(),
              FailsWith(StatusCode::INVALID_ARGUMENT, "within 30s"));
}

TEST_F(FollowTest, FaultsOfTheWatchAreToldByTheirPath) {
  request_.set_max_frames_per_second(100);
  request_.set_name("still");
  Watch();
  const grpc::Status status = End();
  EXPECT_THAT(status, FailsWith(StatusCode::INVALID_ARGUMENT, "0.1..60"));
  const google::rpc::BadRequest bad = BadRequestOf(status);
  ASSERT_EQ(bad.field_violations_size(), 2);
  EXPECT_EQ(bad.field_violations(0).field(), "watch.name");
  EXPECT_EQ(bad.field_violations(1).field(), "watch.max_frames_per_second");
}

TEST_F(FollowTest, LaterMessagesAcknowledgeWhatWasSent) {
  Watch();
  Acknowledge(Read().sequence());
  Watch();
  EXPECT_THAT(End(), FailsWith(StatusCode::INVALID_ARGUMENT, "part"));
}

TEST_F(FollowTest, WhatWasNotSentCannotBeAcknowledged) {
  Watch();
  Acknowledge(Read().sequence() + 1);
  EXPECT_THAT(End(),
              FailsWith(StatusCode::INVALID_ARGUMENT, "acknowledged_sequence"));
}

// The law of slow readers, over a real connection: one that takes two events a
// second, and acknowledges frames, sees none older than 2 s. The picture of a
// job of 30 steps a second has about so many bytes at 32, 128 and 256 pixels.
TEST_F(FollowTest, AReaderOfTwoEventsASecondSeesNoFrameOlderThanTwo) {
  Running();
  Watch();
  Read();
  int64_t step = 0;
  for (const size_t bytes : {1'500u, 12'000u, 45'000u}) {
    int frames = 0;
    for (int reads = 0; reads < 120; ++reads) {
      for (int tick = 0; tick < 15; ++tick) {
        Progress(++step);
        if (hub_.WantsFrames("jobs/still")) Frame(step, bytes);
        Pass(absl::Seconds(0.5) / 15);
      }
      const v1::JobEvent event = Read();
      if (!event.has_frame()) continue;
      ++frames;
      const absl::Time made = absl::FromUnixSeconds(event.time().seconds()) +
                              absl::Nanoseconds(event.time().nanos());
      EXPECT_LE(clock_.Now() - made, absl::Seconds(2)) << bytes << " bytes";
      Acknowledge(event.sequence());
    }
    EXPECT_GE(frames, 40) << "and a third of what it reads are frames";
  }
}

}  // namespace
}  // namespace phosphene
