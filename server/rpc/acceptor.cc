// The loop that accepts connections and survives running out of descriptors.
#include "server/rpc/acceptor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/descriptors.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// How long the loop rests when not even the spare descriptor helps.
constexpr int kRestMilliseconds = 100;

}  // namespace

int ReservedDescriptors(int limit) { return std::clamp(limit / 4, 32, 1024); }

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Start(Options options) {
  FileDescriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.open()) return ErrnoStatus(errno, "eventfd", "");
  ASSIGN_OR_RETURN(FileDescriptor spare, OpenFile("/dev/null", O_RDONLY));
  return std::unique_ptr<Acceptor>(
      new Acceptor(std::move(options), std::move(wake), std::move(spare)));
}

Acceptor::Acceptor(Options options, FileDescriptor wake, FileDescriptor spare)
    : options_(std::move(options)),
      wake_(std::move(wake)),
      spare_(std::move(spare)),
      thread_([this] { Run(); }) {}

Acceptor::~Acceptor() { Stop(); }

void Acceptor::Stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  options_.sockets.clear();
}

bool Acceptor::StopAsked() const {
  pollfd wake = {wake_.get(), POLLIN, 0};
  return ::poll(&wake, 1, 0) > 0;
}

void Acceptor::Run() {
  std::vector<pollfd> watched = {{wake_.get(), POLLIN, 0}};
  for (const FileDescriptor& socket : options_.sockets)
    watched.push_back({socket.get(), POLLIN, 0});
  while (!StopAsked()) {
    ::poll(watched.data(), watched.size(), -1);
    for (size_t i = 1; i < watched.size(); ++i) {
      if (watched[i].revents != 0) AcceptAll(options_.sockets[i - 1]);
    }
  }
}

void Acceptor::AcceptAll(const FileDescriptor& socket) {
  while (!StopAsked()) {
    FileDescriptor connection(::accept4(socket.get(), nullptr, nullptr,
                                        SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (connection.open()) {
      // The kernel gives the lowest free number, so a high one means that as
      // many are open.
      const int limit = DescriptorLimit();
      const int reserved =
          static_cast<int>(options_.reserve * ReservedDescriptors(limit));
      if (connection.get() >= limit - reserved) {
        SayFull();
        continue;  // closes it
      }
      told_ = false;
      options_.take(std::move(connection));
      continue;
    }
    switch (errno) {
      case EAGAIN:
        return;
      case EMFILE:
      case ENFILE:
      case ENOBUFS:
      case ENOMEM:
        TurnAway(socket);
        break;
      default:  // this connection failed; the next may not
        break;
    }
  }
}

void Acceptor::TurnAway(const FileDescriptor& socket) {
  SayFull();
  spare_.Close();
  FileDescriptor gone(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const bool helped = gone.open();
  gone.Close();
  auto spare = OpenFile("/dev/null", O_RDONLY);
  if (spare.ok()) spare_ = *std::move(spare);
  if (helped) return;
  pollfd wake = {wake_.get(), POLLIN, 0};
  ::poll(&wake, 1, kRestMilliseconds);
}

void Acceptor::SayFull() {
  if (std::exchange(told_, true)) return;
  LogWarn("new connections are closed until others end: descriptors run out",
          {{"limit", absl::StrCat(DescriptorLimit())},
           {"open", absl::StrCat(OpenDescriptors())}});
}

}  // namespace phosphene
