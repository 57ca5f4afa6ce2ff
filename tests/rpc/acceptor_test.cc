#include "server/rpc/acceptor.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <deque>
#include <vector>

#include "server/base/descriptors.h"
#include "server/base/mutex.h"
#include "server/rpc/listen.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

class AcceptorTest : public testing::Test {
 protected:
  void Start() {
    auto address = ParseListenAddress("unix:" + path_, "--listen");
    ASSERT_OK_AND_ASSIGN(BoundAddress bound, BindAddress(*address, "--listen"));
    ASSERT_OK_AND_ASSIGN(
        acceptor_, Acceptor::Start({.sockets = std::move(bound.sockets),
                                    .take = [this](FileDescriptor connection) {
                                      const MutexLock lock(&mu_);
                                      taken_.push_back(std::move(connection));
                                      arrived_.SignalAll();
                                    }}));
  }
  // A client's end; not open where no descriptor is left.
  FileDescriptor Dial() {
    FileDescriptor client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!client.open()) return client;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    std::strcpy(to.sun_path, path_.c_str());
    EXPECT_EQ(
        ::connect(client.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)),
        0);
    return client;
  }
  void AwaitTaken(size_t count) {
    const MutexLock lock(&mu_);
    while (taken_.size() < count) arrived_.Wait(&mu_);
  }
  // Waits until the server has closed the client's connection.
  static bool Closed(const FileDescriptor& client) {
    char byte;
    return ::recv(client.get(), &byte, 1, 0) <= 0;
  }

  TempDir dir_;
  const std::string path_ = dir_.path() + "/socket";
  Mutex mu_;
  CondVar arrived_;
  std::vector<FileDescriptor> taken_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOnEveryConnection) {
  Start();
  std::vector<FileDescriptor> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Dial());
  AwaitTaken(20);
}

TEST_F(AcceptorTest, AfterStopNobodyIsTaken) {
  Start();
  acceptor_->Stop();
  EXPECT_TRUE(acceptor_->stopped());
  acceptor_->Stop();
}

// Clients and server share this process's descriptors, so the test takes them
// up itself: first to the reserve, then all.
TEST_F(AcceptorTest,
       WhereDescriptorsRunOutTheNewestAreClosedAndLaterOnesTaken) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  Start();
  const FileDescriptor first = Dial();
  AwaitTaken(1);
  const rlimit small = {128, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
  FileDescriptor waiting = Dial();
  AwaitTaken(2);
  std::deque<FileDescriptor> hogs;
  while (OpenDescriptors() < 128 - ReservedDescriptors(128) + 2)
    hogs.emplace_back(::dup(STDERR_FILENO));
  EXPECT_TRUE(Closed(Dial()));
  // Not even the acceptor gets one now, but for its spare.
  FileDescriptor late(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  for (int fd; (fd = ::dup(STDERR_FILENO)) >= 0;) hogs.emplace_back(fd);
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::strcpy(to.sun_path, path_.c_str());
  ASSERT_EQ(::connect(late.get(), reinterpret_cast<sockaddr*>(&to), sizeof(to)),
            0);
  EXPECT_TRUE(Closed(late));
  hogs.clear();
  const FileDescriptor again = Dial();
  AwaitTaken(3);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace phosphene
