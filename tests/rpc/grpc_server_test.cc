#include "server/rpc/grpc_server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include <thread>

#include "tests/rpc/service_fixture.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using grpc::StatusCode;

// grpc.health.v1 messages on the wire: request field 1 = service name,
// response field 1 = status.
constexpr char kServing = 1;
constexpr char kNotServing = 2;

// A streaming call of raw bytes: one message out, answers in. Cancelled with
// the object.
class RawStream {
 public:
  RawStream(std::shared_ptr<grpc::Channel> channel, const std::string& method,
            const std::string& request)
      : stub_(std::move(channel)) {
    call_ = stub_.PrepareCall(&context_, method, &queue_);
    call_->StartCall(this);
    Await();
    const grpc::Slice slice(request);
    call_->Write(grpc::ByteBuffer(&slice, 1), this);
    Await();
  }
  ~RawStream() {
    context_.TryCancel();
    grpc::Status status;
    call_->Finish(&status, this);
    Await();
  }
  grpc::ByteBuffer Next() {
    grpc::ByteBuffer answer;
    call_->Read(&answer, this);
    Await();
    return answer;
  }

 private:
  void Await() {
    void* tag = nullptr;
    bool ok = false;
    queue_.Next(&tag, &ok);
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

class GrpcServerTest : public ServiceFixture {
 protected:
  GrpcServerTest() { Start(); }

  // Sends bytes to a method by name and returns its first answer's bytes.
  std::string CallRaw(const std::string& method, const std::string& request) {
    grpc::GenericStub stub(channel_);
    const auto context = Context();
    grpc::CompletionQueue queue;
    const grpc::Slice slice(request);
    const grpc::ByteBuffer bytes(&slice, 1);
    const auto call =
        stub.PrepareUnaryCall(context.get(), method, bytes, &queue);
    call->StartCall();
    grpc::ByteBuffer answer;
    call->Finish(&answer, &raw_status_, this);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    return Text(answer);
  }
  static std::string Text(const grpc::ByteBuffer& buffer) {
    std::vector<grpc::Slice> slices;
    std::string text;
    if (!buffer.Valid() || !buffer.Dump(&slices).ok()) return text;
    for (const grpc::Slice& slice : slices) {
      text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    return text;
  }
  static std::string Named(const std::string& name) {
    return std::string("\x0a") + static_cast<char>(name.size()) + name;
  }

  grpc::Status raw_status_;
};

TEST_F(GrpcServerTest, HealthKnowsEachServiceAndTheWhole) {
  for (const char* name :
       {"", "phosphene.v1.JobService", "phosphene.v1.ModelService",
        "phosphene.v1.BlobService", "phosphene.v1.SystemService"}) {
    EXPECT_EQ(CallRaw("/grpc.health.v1.Health/Check", Named(name)),
              std::string("\x08") + kServing)
        << name;
  }
  CallRaw("/grpc.health.v1.Health/Check", Named("phosphene.v1.NoService"));
  EXPECT_EQ(raw_status_.error_code(), StatusCode::NOT_FOUND);
}

TEST_F(GrpcServerTest, ReflectionListsTheServices) {
  // ServerReflectionRequest.list_services = 7.
  RawStream reflection(
      channel_,
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
      "\x3a\x01*");
  const std::string answer = Text(reflection.Next());
  for (const char* service :
       {"phosphene.v1.JobService", "phosphene.v1.BlobService",
        "grpc.health.v1.Health"}) {
    EXPECT_THAT(answer, testing::HasSubstr(service));
  }
}

TEST_F(GrpcServerTest, ASpecOfTwentyMegabytesIsRefusedAndTheServerLives) {
  v1::CreateJobRequest request;
  *request.mutable_job()->mutable_spec() = TinySpec(1);
  request.mutable_job()->mutable_spec()->set_model(std::string(20 << 20, 'm'));
  v1::Job job;
  const grpc::Status status = Create(request, &job);
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), testing::HasSubstr("4194304"));
  EXPECT_EQ(AwaitEnd(Submit(1).name()).state(), v1::Job::SUCCEEDED);
}

TEST_F(GrpcServerTest, ASpecAboveTheStatedLimitIsRefusedByName) {
  v1::CreateJobRequest request;
  *request.mutable_job()->mutable_spec() = TinySpec(1);
  request.mutable_job()->mutable_spec()->set_model(
      std::string((4 << 20) - 1000, 'm'));
  v1::Job job;
  EXPECT_THAT(Create(request, &job),
              FailsWith(StatusCode::INVALID_ARGUMENT, "spec"));
}

TEST_F(GrpcServerTest, BytesThatAreNoMessageAreRefused) {
  CallRaw("/phosphene.v1.JobService/CreateJob", "\xff\xff\xff\xff");
  EXPECT_FALSE(raw_status_.ok());
  CallRaw("/phosphene.v1.JobService/WatchJob", "\xff\xff\xff\xff");
  EXPECT_FALSE(raw_status_.ok());
  CallRaw("/phosphene.v1.JobService/NoSuchCall", "");
  EXPECT_EQ(raw_status_.error_code(), StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, AnAddressInUseIsRefused) {
  Shut();
  config_.set_listen("127.0.0.1:0");
  Start();
  v1::ServerConfig second = config_;
  second.set_data(dir_.path() + "/other");
  second.set_listen(server_->address());
  const auto refused = Server::Create(
      second, [](EngineInputs, int) { return std::make_unique<FakeEngine>(); });
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kFailedPrecondition,
                                server_->address().c_str()));
  EXPECT_THAT(refused.status().message(), testing::HasSubstr("it is in use"));
}

TEST_F(GrpcServerTest, WhileItDrainsHealthSaysSoAndCallsAreToldToComeAgain) {
  Gate& gate = NewGate();
  engine_->OnStep(2, [&] { gate.Wait(); });
  const std::string name = Submit(kLong).name();
  gate.AwaitArrival();
  RawStream health(channel_, "/grpc.health.v1.Health/Watch",
                   Named("phosphene.v1.JobService"));
  EXPECT_EQ(Text(health.Next()), std::string("\x08") + kServing);
  std::thread stopper([this] { EXPECT_OK(server_->Stop()); });
  EXPECT_EQ(Text(health.Next()), std::string("\x08") + kNotServing);
  v1::Job job;
  const grpc::Status refused = Get(name, &job);
  EXPECT_THAT(refused, FailsWith(StatusCode::UNAVAILABLE, "call again"));
  EXPECT_TRUE(HasRetryInfo(refused));
  gate.Open();
  stopper.join();
  Shut();
  Start();
  EXPECT_GE(Get(name).checkpoint_step(), 2);
  ASSERT_THAT(Cancel(name, &job), Succeeds());
  EXPECT_EQ(AwaitEnd(name).state(), v1::Job::CANCELLED);
}

}  // namespace
}  // namespace phosphene
