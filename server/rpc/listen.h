#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/config.pb.h"

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

// TLS where the config names certificates (with tls_client_ca clients must
// show one), else plain. INVALID_ARGUMENT names a file that cannot be read or
// holds no PEM.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::ServerConfig& config);

}  // namespace phosphene
