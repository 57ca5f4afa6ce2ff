#include "server/rpc/listen.h"

#include <sys/un.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"
#include "server/base/mapped_file.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr size_t kMaxSocketPath = sizeof(sockaddr_un::sun_path) - 1;

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

absl::StatusOr<std::string> ReadPem(const std::string& path,
                                    absl::string_view field) {
  const auto file = MappedFile::Open(path);
  if (!file.ok())
    return FieldError(field, std::string(file.status().message()));
  if (!absl::StrContains((*file)->data(), "-----BEGIN ")) {
    return FieldError(field,
                      absl::StrCat(path, " holds no PEM (-----BEGIN ...)"));
  }
  return std::string((*file)->data());
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

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const v1::ServerConfig& config) {
  if (config.tls_cert().empty()) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  ASSIGN_OR_RETURN(pair.cert_chain, ReadPem(config.tls_cert(), "--tls-cert"));
  ASSIGN_OR_RETURN(pair.private_key, ReadPem(config.tls_key(), "--tls-key"));
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  if (!config.tls_client_ca().empty()) {
    options = grpc::SslServerCredentialsOptions(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    ASSIGN_OR_RETURN(options.pem_root_certs,
                     ReadPem(config.tls_client_ca(), "--tls-client-ca"));
  }
  options.pem_key_cert_pairs.push_back(std::move(pair));
  return grpc::SslServerCredentials(options);
}

}  // namespace phosphene
