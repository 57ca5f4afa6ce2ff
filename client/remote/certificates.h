#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/remote/access.h"

struct ssl_ctx_st;

namespace phosphene::client {

// What TLS needs, as PEM texts.
struct Certificates {
  std::string authorities;         // the server's must come from one of these
  std::string chain, private_key;  // shown to the server; "": none
};

// Reads the files of `access` and checks that they hold what they should and
// that key and certificate belong together. INVALID_ARGUMENT names the setting
// and the file. Without tls_ca: this machine's authorities ($SSL_CERT_FILE or
// where distributions keep them).
absl::StatusOr<Certificates> LoadCertificates(const Access& access);

struct FreeSslContext {
  void operator()(ssl_ctx_st* context) const;
};
using SslContext = std::unique_ptr<ssl_ctx_st, FreeSslContext>;

// A client's TLS context with these certificates, for looking what stands in
// the way of a connection. INVALID_ARGUMENT: PEM that does not parse; names
// "authorities", "chain" or "private_key".
absl::StatusOr<SslContext> MakeSslContext(const Certificates& certificates);

}  // namespace phosphene::client
