#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/posix_file.h"

namespace phosphene {

// Where a server listens.
struct ListenAddress {
  std::string text;       // as given
  std::string unix_path;  // of unix:PATH, else ""
  std::string host;       // "[::1]" with its brackets
  int port = 0;           // 0: a free one
  // Only this machine gets there: a Unix socket, 127.0.0.0/8, ::1, localhost.
  bool loopback = false;
};

// Parses HOST:PORT, [IPV6]:PORT or unix:PATH. INVALID_ARGUMENT on `field`.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text,
                                                 absl::string_view field);

// Sockets that listen at an address, and accept nobody yet.
struct BoundAddress {
  // More than one where a name means several addresses ("localhost").
  std::vector<FileDescriptor> sockets;
  std::string dialled;    // what clients dial: HOST:PORT with the port it got
  std::string unix_path;  // to be removed at the end, before the sockets close
};

// Binds and listens. FAILED_PRECONDITION says what stands in the way, and its
// reason tells a program: ADDRESS_IN_USE, ADDRESS_NOT_LOCAL (no interface of
// this machine has it), ADDRESS_UNKNOWN (the name means nothing here),
// ADDRESS_FORBIDDEN (the user may not), CANNOT_LISTEN (anything else). A Unix
// socket is its owner's alone; one that a dead server left is replaced, one
// that somebody listens on is in use.
absl::StatusOr<BoundAddress> BindAddress(const ListenAddress& address,
                                         absl::string_view field);

}  // namespace phosphene
