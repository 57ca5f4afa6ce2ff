// Bearer tokens: their file, and who shows one of them.
#include "server/rpc/authorize.h"

#include <fcntl.h>
#include <openssl/crypto.h>

#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/posix_file.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr size_t kShortestToken = 16;
constexpr int64_t kMaxTokensBytes = 1 << 20;
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

// Not mapped: a file that is cut while it is read would end the server.
absl::StatusOr<std::vector<Token>> ReadTokens(const std::string& path) {
  ASSIGN_OR_RETURN(const FileDescriptor file, OpenFile(path, O_RDONLY));
  ASSIGN_OR_RETURN(const std::string text,
                   ReadAt(file, 0, kMaxTokensBytes, path));
  return ParseTokens(text, path);
}

}  // namespace

absl::StatusOr<std::vector<Token>> ParseTokens(absl::string_view text,
                                               absl::string_view file) {
  std::vector<Token> out;
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
    out.push_back({words[0], words[1]});
    tenants.insert(words[1]);
  }
  if (out.empty()) {
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

absl::StatusOr<std::unique_ptr<Authorizer>> Authorizer::FromFile(
    const std::string& file) {
  FileChanges before({file});
  auto tokens = ReadTokens(file);
  if (absl::IsUnimplemented(tokens.status()))
    return Annotate(tokens.status(), "--tokens");
  if (!tokens.ok())
    return FieldError("--tokens", std::string(tokens.status().message()));
  return std::unique_ptr<Authorizer>(new Authorizer(
      file, std::move(before),
      std::make_shared<const std::vector<Token>>(*std::move(tokens))));
}

Authorizer::Authorizer(std::string file, FileChanges changes, Tokens tokens)
    : file_(std::move(file)),
      changes_(std::move(changes)),
      tokens_(std::move(tokens)) {}

Authorizer::Tokens Authorizer::tokens() const {
  const MutexLock lock(&mu_);
  return tokens_;
}

void Authorizer::Refresh() {
  if (file_.empty() || !changes_.Take()) return;
  auto read = ReadTokens(file_);
  if (!read.ok()) {
    LogWarn("the changed tokens are not taken; the former stay valid",
            {{"error", std::string(read.status().message())}});
    return;
  }
  LogInfo("the changed tokens are in use",
          {{"file", file_}, {"tokens", absl::StrCat(read->size())}});
  auto fresh = std::make_shared<const std::vector<Token>>(*std::move(read));
  const MutexLock lock(&mu_);
  tokens_ = std::move(fresh);
}

absl::StatusOr<Caller> Authorizer::Authorize(
    const grpc::CallbackServerContext& context) const {
  Caller caller;
  const absl::string_view trace = Header(context, "traceparent");
  if (IsTraceparent(trace)) caller.traceparent = std::string(trace);
  ASSIGN_OR_RETURN(caller.tenant,
                   AuthorizeHeader(Header(context, "authorization")));
  return caller;
}

absl::StatusOr<std::string> Authorizer::AuthorizeHeader(
    absl::string_view value) const {
  const Tokens known = tokens();
  if (known == nullptr) return std::string();
  if (!absl::ConsumePrefix(&value, kBearer)) {
    return WithReason(absl::UnauthenticatedError(
                          "this server asks for a token: send the header "
                          "`authorization: Bearer TOKEN`"),
                      "TOKEN_MISSING");
  }
  for (const Token& token : *known) {
    if (SameSecret(token.secret, value)) return token.tenant;
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
