#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace phosphene::client {

// A private `phosphened` for one command, on a unix socket in a folder of its
// own. It uses the shared data folder, so models added stay. It dies with this
// process and on destruction (SIGTERM, then after the drain SIGKILL). Confined
// to the main thread.
class LocalServer {
 public:
  struct Options {
    std::string program;  // "" looks beside this program, then in PATH
    std::string data;     // "" is the server's default folder
    absl::Duration start_timeout = absl::Seconds(30);
    absl::Duration stop_timeout =
        absl::Seconds(40);  // the server drains for 30 s
  };
  // Starts it and waits until it answers. UNAVAILABLE: not found, or it ended;
  // its last words are in the message, and what to do when another server
  // holds the data folder.
  static absl::StatusOr<std::unique_ptr<LocalServer>> Start(Options options);
  ~LocalServer();

  // unix:PATH.
  const std::string& address() const { return address_; }

  // Ends it; an error when it had died before or ends badly.
  absl::Status Stop();

 private:
  explicit LocalServer(Options options) : options_(std::move(options)) {}
  absl::Status Launch();
  absl::Status WaitUntilServing();
  // What it wrote to stderr: the last few lines.
  std::string LastWords() const;
  absl::Status Explain(absl::string_view what) const;

  const Options options_;
  std::string folder_;
  std::string address_;
  pid_t pid_ = -1;
};

// Full path of `phosphened`: beside this program, else in PATH; NOT_FOUND.
absl::StatusOr<std::string> FindServerProgram();

}  // namespace phosphene::client
