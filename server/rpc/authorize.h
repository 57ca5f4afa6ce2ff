#pragma once

#include <grpcpp/server_context.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/base/file_changes.h"
#include "server/base/mutex.h"

namespace phosphene {

// Who calls.
struct Caller {
  std::string tenant;  // of the bearer token; "" without tokens
  std::string
      traceparent;  // W3C trace context of the call, "" when none or malformed
};

// A bearer token and whom it speaks for.
struct Token {
  std::string secret;
  std::string tenant;
};

// Reads lines `TOKEN TENANT`; '#' begins a comment. Tokens are at least 16
// characters. UNIMPLEMENTED for more than one tenant: jobs are not yet kept
// apart, so letting several in would show each the other's.
absl::StatusOr<std::vector<Token>> ParseTokens(absl::string_view text,
                                               absl::string_view file);

// Decides who may call: everybody, or who shows a bearer token of a file,
// which is read again when it changes. Thread-safe. Certificates of clients
// are checked by TLS before any call gets here.
class Authorizer {
 public:
  // Lets everybody in.
  Authorizer() = default;
  // Lets in who shows a token of `file`. Errors as of ParseTokens and of
  // reading, on --tokens.
  static absl::StatusOr<std::unique_ptr<Authorizer>> FromFile(
      const std::string& file);

  // UNAUTHENTICATED when tokens are asked for and `authorization: Bearer
  // TOKEN` is missing or wrong. The first line of every call.
  absl::StatusOr<Caller> Authorize(
      const grpc::CallbackServerContext& context) const;
  // The same for the value of an Authorization header, "" when there is none;
  // the tenant.
  absl::StatusOr<std::string> AuthorizeHeader(absl::string_view value) const;

  // Looks at the file and reads it when it changed; from then on a token that
  // is gone lets nobody in. A file that cannot be read or parsed is logged,
  // and the former tokens stay. Call it on a timer, on one thread.
  void Refresh();

 private:
  using Tokens = std::shared_ptr<const std::vector<Token>>;
  Authorizer(std::string file, FileChanges changes, Tokens tokens);
  Tokens tokens() const;

  const std::string file_;   // "": everybody
  FileChanges changes_{{}};  // of the thread that refreshes
  mutable Mutex mu_;
  Tokens tokens_ ABSL_GUARDED_BY(mu_);  // null: everybody
};

// Whether `value` is `00-{32 hex}-{16 hex}-{2 hex}`, lower case, ids not zero.
bool IsTraceparent(absl::string_view value);

}  // namespace phosphene
