// Addresses as text, and the sockets that listen at them.
#include "server/rpc/listen.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"

namespace phosphene {
namespace {

constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kMaxFreePortTries = 10;

absl::Status Malformed(absl::string_view text, absl::string_view field) {
  return FieldError(
      field, absl::StrCat("\"", text,
                          "\" is no address; allowed: HOST:PORT with a port "
                          "0..65535, [IPV6]:PORT, unix:PATH"));
}

// 127.0.0.0/8 written as four numbers. A name that only begins so
// ("127.example.org") is not one.
bool IsLoopbackV4(absl::string_view host) {
  if (!absl::StartsWith(host, "127.")) return false;
  int dots = 0;
  for (char c : host) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 3;
}

// Why bind(2) or listen(2) failed, in a sentence that says what to do.
absl::Status CannotListen(const ListenAddress& address, absl::string_view field,
                          int error) {
  std::string why = std::strerror(error);
  absl::string_view reason = "CANNOT_LISTEN";
  switch (error) {
    case EADDRINUSE:
      why =
          address.port > 0
              ? absl::StrCat("it is in use; end the program that has port ",
                             address.port, ", or take another (0: a free one)")
              : "it is in use; a server answers there";
      reason = "ADDRESS_IN_USE";
      break;
    case EADDRNOTAVAIL:
      why =
          "no network interface of this machine has that address; 127.0.0.1 "
          "is for this machine alone, 0.0.0.0 for every interface";
      reason = "ADDRESS_NOT_LOCAL";
      break;
    case EACCES:
    case EPERM:
      why = address.unix_path.empty()
                ? "this user may not take that port; those above 1023 are free "
                  "to all"
                : "this user may not write to its folder";
      reason = "ADDRESS_FORBIDDEN";
      break;
    case ENOENT:
    case ENOTDIR:
      why = "its folder is not there";
      reason = "ADDRESS_UNKNOWN";
      break;
  }
  return WithReason(absl::FailedPreconditionError(absl::StrCat(
                        field, ": cannot listen on ", address.text, ": ", why)),
                    reason);
}

// A socket that listens at `to`; errno's value where that fails.
int Listen(const sockaddr* to, socklen_t size, FileDescriptor& socket) {
  socket = FileDescriptor(
      ::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.open()) return errno;
  const int yes = 1, no = 0;
  if (to->sa_family != AF_UNIX) {
    // A port whose last connections still linger is free.
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  }
  if (to->sa_family == AF_INET6) {
    // [::] is every interface, of IPv4 as well.
    ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
  }
  if (::bind(socket.get(), to, size) != 0) return errno;
  if (::listen(socket.get(), SOMAXCONN) != 0) return errno;
  return 0;
}

int PortOf(const FileDescriptor& socket) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6
                   ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                   : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

absl::StatusOr<BoundAddress> BindUnix(const ListenAddress& address,
                                      absl::string_view field) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address.unix_path.data(), address.unix_path.size());
  const auto* const name = reinterpret_cast<const sockaddr*>(&to);
  struct stat info {};
  if (::lstat(to.sun_path, &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) {
      return WithReason(absl::FailedPreconditionError(absl::StrCat(
                            field, ": cannot listen on ", address.text,
                            ": a file that is not a socket has that name")),
                        "ADDRESS_IN_USE");
    }
    const FileDescriptor probe(
        ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::connect(probe.get(), name, sizeof(to)) == 0 || errno == EAGAIN)
      return CannotListen(address, field, EADDRINUSE);
    ::unlink(to.sun_path);
  }
  BoundAddress bound;
  bound.sockets.emplace_back();
  // Who may dial may do everything, so nobody else may even in the moment
  // between bind and chmod.
  const mode_t before = ::umask(0177);
  const int error = Listen(name, sizeof(to), bound.sockets.back());
  ::umask(before);
  if (error != 0) return CannotListen(address, field, error);
  bound.dialled = address.text;
  bound.unix_path = address.unix_path;
  return bound;
}

// Binds every address of a name; with port 0 all get the first one's port.
// Returns errno's value.
int BindAll(const addrinfo* addresses, int port, BoundAddress& bound) {
  bound.sockets.clear();
  int first_error = 0;
  for (const addrinfo* it = addresses; it != nullptr; it = it->ai_next) {
    sockaddr_storage to{};
    std::memcpy(&to, it->ai_addr, it->ai_addrlen);
    (it->ai_family == AF_INET6
         ? reinterpret_cast<sockaddr_in6*>(&to)->sin6_port
         : reinterpret_cast<sockaddr_in*>(&to)->sin_port) =
        htons(static_cast<uint16_t>(port));
    FileDescriptor socket;
    const int error =
        Listen(reinterpret_cast<sockaddr*>(&to), it->ai_addrlen, socket);
    if (error == EADDRINUSE) return error;
    if (error != 0) {  // a machine without IPv6 has no ::1
      first_error = first_error == 0 ? error : first_error;
      continue;
    }
    if (port == 0) port = PortOf(socket);
    bound.sockets.push_back(std::move(socket));
  }
  return bound.sockets.empty() ? first_error : 0;
}

absl::StatusOr<BoundAddress> BindTcp(const ListenAddress& address,
                                     absl::string_view field) {
  std::string host = address.host;
  if (absl::StartsWith(host, "[")) host = host.substr(1, host.size() - 2);
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), nullptr, &wanted, &found);
  if (failed != 0) {
    return WithReason(
        absl::FailedPreconditionError(absl::StrCat(
            field, ": cannot listen on ", address.text, ": no host \"", host,
            "\" is known here (", ::gai_strerror(failed), ")")),
        "ADDRESS_UNKNOWN");
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(
      found, ::freeaddrinfo);
  BoundAddress bound;
  int error = 0;
  // A free port of the first address may be taken at the second.
  for (int attempt = 0; attempt < kMaxFreePortTries; ++attempt) {
    error = BindAll(addresses.get(), address.port, bound);
    if (error != EADDRINUSE || address.port != 0) break;
  }
  if (error != 0) return CannotListen(address, field, error);
  bound.dialled =
      absl::StrCat(address.host, ":", PortOf(bound.sockets.front()));
  return bound;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text,
                                                 absl::string_view field) {
  ListenAddress address;
  address.text = std::string(text);
  absl::string_view path = text;
  if (absl::ConsumePrefix(&path, "unix:")) {
    absl::ConsumePrefix(&path, "//");
    if (path.empty() || path.size() > kMaxSocketPath) {
      return FieldError(
          field, absl::StrCat("\"", text, "\": the path of a socket is 1-",
                              kMaxSocketPath, " characters"));
    }
    address.unix_path = std::string(path);
    address.loopback = true;
    return address;
  }
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos || colon == 0)
    return Malformed(text, field);
  address.host = std::string(text.substr(0, colon));
  const bool bracketed =
      absl::StartsWith(address.host, "[") && absl::EndsWith(address.host, "]");
  const bool colons = absl::StrContains(address.host, ":");
  if (colons != bracketed ||
      !absl::SimpleAtoi(text.substr(colon + 1), &address.port) ||
      address.port < 0 || address.port > 65535) {
    return Malformed(text, field);
  }
  address.loopback = IsLoopbackV4(address.host) || address.host == "[::1]" ||
                     address.host == "localhost";
  return address;
}

absl::StatusOr<BoundAddress> BindAddress(const ListenAddress& address,
                                         absl::string_view field) {
  return address.unix_path.empty() ? BindTcp(address, field)
                                   : BindUnix(address, field);
}

}  // namespace phosphene
