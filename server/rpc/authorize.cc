#include "server/rpc/authorize.h"

#include <openssl/crypto.h>

#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/faults.h"

namespace phosphene {
namespace {

constexpr size_t kShortestToken = 16;
constexpr absl::string_view kBearer = "Bearer ";

// The value of a header, "" when it is missing or given more than once.
absl::string_view Header(const grpc::CallbackServerContext& context,
                         const char* name) {
  const auto& metadata = context.client_metadata();
  const auto range = metadata.equal_range(name);
  if (range.first == range.second || std::next(range.first) != range.second)
    return "";
  return absl::string_view(range.first->second.data(),
                           range.first->second.size());
}

// Compares in a time that does not tell how much of it was right.
bool SameSecret(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() &&
         CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

bool IsLowerHex(absl::string_view text, size_t length) {
  if (text.size() != length) return false;
  for (char c : text) {
    if (!absl::ascii_isdigit(c) && (c < 'a' || c > 'f')) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<Authorizer> Authorizer::FromTokens(absl::string_view text,
                                                  absl::string_view file) {
  Authorizer out;
  std::set<std::string> tenants;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    const std::vector<std::string> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    if (words.size() != 2 || words[0].size() < kShortestToken) {
      return absl::InvalidArgumentError(
          absl::StrCat(file, ":", number, ": a line is TOKEN TENANT, a token ",
                       kShortestToken, " characters or more"));
    }
    out.tokens_.push_back({words[0], words[1]});
    tenants.insert(words[1]);
  }
  if (out.tokens_.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(file, ": no token in it; nobody could call"));
  }
  if (tenants.size() > 1) {
    return absl::UnimplementedError(
        absl::StrCat(file, ": ", tenants.size(),
                     " tenants; this server does not keep tenants' jobs apart "
                     "yet: give all tokens one tenant, "
                     "or run a server for each"));
  }
  return out;
}

absl::StatusOr<Caller> Authorizer::Authorize(
    const grpc::CallbackServerContext& context) const {
  Caller caller;
  const absl::string_view trace = Header(context, "traceparent");
  if (IsTraceparent(trace)) caller.traceparent = std::string(trace);
  if (tokens_.empty()) return caller;
  const absl::string_view given = Header(context, "authorization");
  if (!absl::StartsWith(given, kBearer)) {
    return WithReason(absl::UnauthenticatedError(
                          "this server asks for a token: send the header "
                          "`authorization: Bearer TOKEN`"),
                      "TOKEN_MISSING");
  }
  for (const Token& token : tokens_) {
    if (SameSecret(token.secret, given.substr(kBearer.size()))) {
      caller.tenant = token.tenant;
      return caller;
    }
  }
  return WithReason(
      absl::UnauthenticatedError("the token is not one of this server's"),
      "TOKEN_UNKNOWN");
}

bool IsTraceparent(absl::string_view value) {
  const std::vector<absl::string_view> parts = absl::StrSplit(value, '-');
  return parts.size() == 4 && parts[0] == "00" && IsLowerHex(parts[1], 32) &&
         IsLowerHex(parts[2], 16) && IsLowerHex(parts[3], 2) &&
         parts[1].find_first_not_of('0') != absl::string_view::npos &&
         parts[2].find_first_not_of('0') != absl::string_view::npos;
}

}  // namespace phosphene
