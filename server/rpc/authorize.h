#pragma once

#include <grpcpp/server_context.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// Who calls.
struct Caller {
  std::string tenant;  // of the bearer token; "" without tokens
  std::string
      traceparent;  // W3C trace context of the call, "" when none or malformed
};

// Decides who may call: everybody, or who shows a bearer token of a file.
// Thread-safe (immutable). Certificates of clients are checked by TLS before
// any call gets here.
class Authorizer {
 public:
  // Lets everybody in.
  Authorizer() = default;

  // Reads lines `TOKEN TENANT`; '#' begins a comment. Tokens are at least 16
  // characters. UNIMPLEMENTED for more than one tenant: jobs are not yet kept
  // apart, so letting several in would show each the other's.
  static absl::StatusOr<Authorizer> FromTokens(absl::string_view text,
                                               absl::string_view file);

  // UNAUTHENTICATED when tokens are asked for and `authorization: Bearer
  // TOKEN` is missing or wrong. The first line of every call.
  absl::StatusOr<Caller> Authorize(
      const grpc::CallbackServerContext& context) const;

 private:
  struct Token {
    std::string secret;
    std::string tenant;
  };
  std::vector<Token> tokens_;  // none: everybody
};

// Whether `value` is `00-{32 hex}-{16 hex}-{2 hex}`, lower case, ids not zero.
bool IsTraceparent(absl::string_view value);

}  // namespace phosphene
