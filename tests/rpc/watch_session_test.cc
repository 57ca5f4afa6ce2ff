#include "server/rpc/watch_session.h"

#include <thread>

#include "tests/rpc/hub_fixture.h"

namespace phosphene {
namespace {

using grpc::StatusCode;

// More than lies in the windows of a connection that nobody reads.
constexpr size_t kHuge = 3 << 20;

class WatchSessionTest : public HubFixture {
 protected:
  // A watch whose client does not read unless told.
  struct Client {
    grpc::ClientContext context;
    std::unique_ptr<v1::JobService::Stub> stub;
    std::unique_ptr<grpc::ClientReader<v1::JobEvent>> reader;
  };
  // Opened, its first event read.
  std::unique_ptr<Client> Open() {
    auto client = std::make_unique<Client>();
    client->stub = NewStub();
    client->context.set_deadline(context_.deadline());
    client->reader = client->stub->WatchJob(&client->context, request_);
    v1::JobEvent event;
    EXPECT_TRUE(client->reader->Read(&event));
    return client;
  }
  static grpc::Status Drain(Client& client) {
    v1::JobEvent event;
    while (client.reader->Read(&event)) {
    }
    return client.reader->Finish();
  }
};

TEST_F(WatchSessionTest, SilenceIsFilledWithHeartbeatsThatKeepTheSequence) {
  const auto client = Open();
  v1::JobEvent event;
  int64_t sequence = 0;
  for (int i = 0; i < 3; ++i) {
    // The write before may end after time has passed, and then silence begins.
    std::atomic<bool> read = false;
    std::thread passing([&] {
      while (!read) {
        Pass(absl::Seconds(15));
        std::this_thread::yield();
      }
    });
    ASSERT_TRUE(client->reader->Read(&event));
    read = true;
    passing.join();
    EXPECT_TRUE(event.has_heartbeat());
    if (i > 0) {
      EXPECT_EQ(event.sequence(), sequence);
    }
    sequence = event.sequence();
  }
  EXPECT_GT(sequence, 0);
  client->context.TryCancel();
}

TEST_F(WatchSessionTest, ACancelledWatchIsForgottenSoThatTheServerCanEnd) {
  const auto client = Open();
  EXPECT_EQ(hub_.watchers(), 1);
  client->context.TryCancel();
  client->reader->Finish();
  server_->Shutdown(absl::InfiniteDuration());  // waits for every call's end
  EXPECT_EQ(hub_.watchers(), 0);
}

TEST_F(WatchSessionTest, AShutdownEndsAWatchThatHasNothingToSay) {
  const auto client = Open();
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_EQ(hub_.watchers(), 0);
  EXPECT_FALSE(Drain(*client).ok());
}

TEST_F(WatchSessionTest, AServerThatGoesAwayTellsItsWatchersToComeAgain) {
  const auto client = Open();
  hub_.CloseAll(absl::UnavailableError("the server goes away"));
  const grpc::Status status = Drain(*client);
  EXPECT_THAT(status, FailsWith(StatusCode::UNAVAILABLE, "goes away"));
  EXPECT_TRUE(HasRetryInfo(status));
}

TEST_F(WatchSessionTest, ACallBeforeTheServerIsUpIsToldToComeAgain) {
  refusing_ = true;
  const auto reader = stub_->WatchJob(&context_, request_);
  v1::JobEvent event;
  EXPECT_FALSE(reader->Read(&event));
  const grpc::Status status = reader->Finish();
  EXPECT_THAT(status, FailsWith(StatusCode::UNAVAILABLE, "call again"));
  EXPECT_TRUE(HasRetryInfo(status));
}

TEST_F(WatchSessionTest, EventsOfTheHubArriveWhole) {
  Running();
  const auto client = Open();
  Frame(3, 200'000);
  v1::JobEvent event;
  ASSERT_TRUE(client->reader->Read(&event));
  EXPECT_EQ(event.frame().image(), std::string(200'000, 'j'));
  EXPECT_EQ(event.frame().step(), 3);
  client->context.TryCancel();
}

TEST_F(WatchSessionTest, FramesComeAtTheRateOfTheRequest) {
  Running();
  request_.set_max_frames_per_second(2);
  const auto client = Open();
  v1::JobEvent event;
  Frame(1);
  ASSERT_TRUE(client->reader->Read(&event));
  EXPECT_EQ(event.frame().step(), 1);
  for (int i = 2; i < 20; ++i) Frame(i);
  Pass(absl::Milliseconds(500));
  ASSERT_TRUE(client->reader->Read(&event));
  EXPECT_EQ(event.frame().step(), 19);
  EXPECT_EQ(event.dropped_frames(), 17);
  client->context.TryCancel();
}

TEST_F(WatchSessionTest, TenFramesASecondComeWhereTheRequestSaysNothing) {
  Running();
  const auto client = Open();
  v1::JobEvent event;
  for (int i = 1; i <= 5; ++i) {
    Frame(i);
    ASSERT_TRUE(client->reader->Read(&event));
    EXPECT_EQ(event.frame().step(), i);
    EXPECT_FALSE(hub_.WantsFrames("jobs/still"));
    Pass(absl::Milliseconds(100));
    EXPECT_TRUE(hub_.WantsFrames("jobs/still"));
  }
  client->context.TryCancel();
}

TEST_F(WatchSessionTest, AWatchNobodyReadsEndsAfterItsJobAndIsToldSo) {
  Running();
  const auto client = Open();
  Frame(1, kHuge);
  Ends();
  // In steps: what the service does meanwhile begins when it begins.
  for (int i = 0; i < 100'000 && hub_.watchers() > 0; ++i) {
    Pass(absl::Seconds(10));
    std::this_thread::yield();
  }
  EXPECT_EQ(hub_.watchers(), 0);
  const grpc::Status status = Drain(*client);
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("was not read"));
  server_->Shutdown(absl::InfiniteDuration());
}

TEST_F(WatchSessionTest, WatchesNobodyReadsLockNobodyOut) {
  Running();
  std::vector<std::unique_ptr<Client>> silent;
  for (int i = 0; i < 2; ++i)
    silent.push_back(Open());  // all one peer may have
  EXPECT_THAT(
      [this] {
        const auto reader = stub_->WatchJob(&context_, request_);
        v1::JobEvent event;
        EXPECT_FALSE(reader->Read(&event));
        return reader->Finish();
      }(),
      FailsWith(StatusCode::RESOURCE_EXHAUSTED, "ipv4:127.0.0.1"));
  Frame(1, kHuge);
  bool in = false;
  for (int i = 0; i < 1000 && !in; ++i) {
    Pass(absl::Seconds(1));
    grpc::ClientContext context;
    const auto reader = stub_->WatchJob(&context, request_);
    v1::JobEvent event;
    in = reader->Read(&event);
    context.TryCancel();
    reader->Finish();
  }
  EXPECT_TRUE(in);
  silent[1]->context.TryCancel();
  EXPECT_EQ(Drain(*silent[0]).error_code(), StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace phosphene
