// Limits of the real phosphened: descriptors and memory.

#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <deque>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/base/posix_file.h"
#include "tests/integration/binary_fixture.h"
#include "tests/support/http_client.h"

namespace phosphene {
namespace {

class LimitsBinaryTest : public BinaryFixture {
 protected:
  // A connection that says nothing.
  FileDescriptor Dial() const {
    FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strcpy(to.sun_path, socket_path().c_str());
    EXPECT_EQ(
        ::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)),
        0);
    return client;
  }
  // Waits until the server has closed a connection, or greets it.
  static bool Closed(const FileDescriptor& client) {
    char byte;
    return ::recv(client.get(), &byte, 1, 0) <= 0;
  }
  grpc::Status GetFrom(v1::JobService::Stub& client, const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    v1::Job job;
    const auto context = Context();
    context->set_wait_for_ready(true);
    return client.GetJob(context.get(), request, &job);
  }
  // A line of /proc/PID/status, in bytes: "VmHWM" is the most it ever had.
  int64_t Memory(const std::string& name) const {
    std::ifstream status(Proc("/status"));
    for (std::string line; std::getline(status, line);) {
      absl::string_view rest = line;
      if (!absl::ConsumePrefix(&rest, name + ":")) continue;
      const std::vector<std::string> words =
          absl::StrSplit(rest, absl::ByAnyChar(" \t"), absl::SkipEmpty());
      int64_t kilobytes = 0;
      EXPECT_TRUE(absl::SimpleAtoi(words[0], &kilobytes)) << line;
      return kilobytes << 10;
    }
    return 0;
  }
};

TEST_F(LimitsBinaryTest,
       WhereConnectionsTakeEveryDescriptorJobsEndWellAndNewClientsComeLater) {
  Start({"/bin/sh", "-c", "ulimit -n 256; exec \"$0\" \"$@\""});
  const std::string job = Submit(TinySpec(60)).name();
  {
    std::vector<FileDescriptor> hogs;
    for (int i = 0; i < 400; ++i) hogs.push_back(Dial());
    EXPECT_TRUE(Closed(hogs.back()));
    EXPECT_FALSE(Closed(hogs.front()));
    EXPECT_EQ(HttpGet(http_, "/metrics").status, 200);
    EXPECT_EQ(AwaitEnd(job).state(), v1::Job::SUCCEEDED);
    EXPECT_EQ(AwaitEnd(Submit(TinySpec(2)).name()).state(), v1::Job::SUCCEEDED);
  }
  const auto fresh = NewClient();
  const grpc::Status got = GetFrom(*fresh, job);
  EXPECT_TRUE(got.ok()) << got.error_message();
}

// Many calls of the same bytes at once, which all share: this process needs
// little memory, whatever the server does with it.
class Flood {
 public:
  Flood(const std::string& address, int connections) {
    for (int i = 0; i < connections; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      stubs_.push_back(
          std::make_unique<grpc::GenericStub>(grpc::CreateCustomChannel(
              address, grpc::InsecureChannelCredentials(), arguments)));
    }
  }
  // Returns when all have an answer; how many have which code.
  std::map<grpc::StatusCode, int> Call(const std::string& method,
                                       const std::string& request, int count) {
    const grpc::Slice slice(request);
    std::deque<One> calls(count);
    for (int i = 0; i < count; ++i) {
      One& one = calls[i];
      one.context.set_deadline(std::chrono::system_clock::now() +
                               std::chrono::seconds(120));
      one.call = stubs_[i % stubs_.size()]->PrepareUnaryCall(
          &one.context, method, grpc::ByteBuffer(&slice, 1), &queue_);
      one.call->StartCall();
      one.call->Finish(&one.answer, &one.status, &one);
    }
    std::map<grpc::StatusCode, int> codes;
    for (int i = 0; i < count; ++i) {
      void* tag = nullptr;
      bool ok = false;
      queue_.Next(&tag, &ok);
      ++codes[static_cast<One*>(tag)->status.error_code()];
    }
    return codes;
  }

 private:
  struct One {
    grpc::ClientContext context;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> call;
    grpc::ByteBuffer answer;
    grpc::Status status;
  };
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
};

TEST_F(LimitsBinaryTest, FourHundredRequestsOfThreeMegabytesTakeBoundedMemory) {
  Start();
  const std::string job = AwaitEnd(Submit(TinySpec(2)).name()).name();
  v1::CreateJobRequest large;
  *large.mutable_job()->mutable_spec() = TinySpec(1);
  large.mutable_job()->mutable_spec()->set_model(std::string(3 << 20, 'm'));
  const int64_t before = Memory("VmHWM");
  Flood flood("unix:" + socket_path(), 4);
  const auto codes = flood.Call("/phosphene.v1.JobService/CreateJob",
                                large.SerializeAsString(), 400);
  EXPECT_EQ(codes.count(grpc::StatusCode::OK), 0u);
  const int64_t grown = Memory("VmHWM") - before;
  EXPECT_LT(grown, int64_t{512} << 20);
  // It recovers: old and new clients are served.
  EXPECT_EQ(Get(job).state(), v1::Job::SUCCEEDED);
  EXPECT_EQ(AwaitEnd(Submit(TinySpec(2)).name()).state(), v1::Job::SUCCEEDED);
  EXPECT_TRUE(GetFrom(*NewClient(), job).ok());
}

}  // namespace
}  // namespace phosphene
