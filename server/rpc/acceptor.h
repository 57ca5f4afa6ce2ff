#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/posix_file.h"

namespace phosphene {

// Descriptors that connections leave to files: as many as jobs that end while
// every connection is taken need to write their results.
int ReservedDescriptors(int limit);

// Accepts the connections of listening sockets on a thread of its own and
// hands them on. Where descriptors run out it closes the newest connections at
// once, so the server's own files never lack one, and goes on accepting as
// soon as some are free: gRPC's own loop ends for good at the first EMFILE,
// and then no new client ever gets in. Thread-compatible.
class Acceptor {
 public:
  struct Options {
    // Listening sockets, not blocking (BindAddress).
    std::vector<FileDescriptor> sockets;
    // The part of ReservedDescriptors left free. Two acceptors of a process
    // share its descriptors; the one with the smaller share still answers when
    // the other is full.
    double reserve = 1;
    // Gets each connection, not blocking; on the acceptor's thread.
    std::function<void(FileDescriptor)> take;
  };
  static absl::StatusOr<std::unique_ptr<Acceptor>> Start(Options options);
  ~Acceptor();

  // Ends the thread and closes the sockets; no `take` runs afterwards.
  // Idempotent, on one thread at a time.
  void Stop();
  bool stopped() const { return !thread_.joinable(); }

 private:
  Acceptor(Options options, FileDescriptor wake, FileDescriptor spare);
  void Run();
  void AcceptAll(const FileDescriptor& socket);
  // Makes room for one by closing the spare descriptor, and turns it away.
  void TurnAway(const FileDescriptor& socket);
  bool StopAsked() const;
  void SayFull();

  Options options_;
  const FileDescriptor wake_;
  FileDescriptor spare_;  // the thread's
  bool told_ = false;     // the thread's: that connections are turned away
  std::thread thread_;
};

}  // namespace phosphene
