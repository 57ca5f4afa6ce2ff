// What a command works with: the server it talks to and where it writes.

#include "client/commands/session.h"

#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/base/failure.h"
#include "client/base/json.h"
#include "client/view/progress.h"
#include "client/view/terminal.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

void Write(std::FILE* file, absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

std::string Line(absl::string_view text) {
  return absl::StrCat(text, !text.empty() && text.back() == '\n' ? "" : "\n");
}

std::string ErrorJson(const absl::Status& status, const CommandFlags& flags) {
  std::vector<std::string> violations;
  const google::rpc::BadRequest bad = BadRequestOf(status);
  for (const auto& violation : bad.field_violations()) {
    violations.push_back(JsonObject()
                             .Add("field", violation.field())
                             .Add("flag", FlagFor(violation.field(), flags))
                             .Add("description", violation.description())
                             .Text());
  }
  JsonObject error;
  error.Add("code", CodeName(status.code()))
      .Add("reason", ErrorInfoOf(status).reason())
      .Add("message", std::string(status.message()))
      .Add("exit_code", static_cast<int>(ExitCodeOf(status)))
      .AddJson("violations",
               absl::StrCat("[", absl::StrJoin(violations, ","), "]"));
  return JsonObject().AddJson("error", error.Text()).Text();
}

// The settings of the file named by --config or PHOSPHENE_CLIENT_CONFIG, which
// must be there, or of the default one, which need not.
absl::StatusOr<AccessLayer> FileLayer(const std::string& config) {
  const char* said = std::getenv("PHOSPHENE_CLIENT_CONFIG");
  if (!config.empty() || (said != nullptr && *said != '\0')) {
    const char* origin =
        config.empty() ? "PHOSPHENE_CLIENT_CONFIG" : "--config";
    absl::StatusOr<AccessLayer> layer =
        ReadAccessFile(config.empty() ? said : config);
    if (!absl::IsNotFound(layer.status())) return layer;
    return FlagError(origin, layer.status().message());
  }
  const std::string path = DefaultAccessFile(std::getenv);
  if (path.empty()) return AccessLayer();
  absl::StatusOr<AccessLayer> layer = ReadAccessFile(path);
  if (absl::IsNotFound(layer.status())) return AccessLayer();
  return layer;
}

}  // namespace

Session::~Session() { ClearStatus(); }

absl::StatusOr<Connection*> Session::Connect() {
  if (connection_ == nullptr) {
    ASSIGN_OR_RETURN(connection_, Open());
  }
  return connection_.get();
}

absl::StatusOr<std::unique_ptr<Connection>> Session::Open() {
  if (globals_.local) {
    if (!globals_.access.values.empty()) {
      return FlagError(
          absl::StrCat("--", globals_.access.values.begin()->first),
          "and --local exclude each other: a private server is reached "
          "through a socket of its own");
    }
    LocalServer::Options options;
    options.data = globals_.data;
    ASSIGN_OR_RETURN(local_, LocalServer::Start(std::move(options)));
    return std::make_unique<Connection>(local_->address());
  }
  ASSIGN_OR_RETURN(const AccessLayer file, FileLayer(globals_.config));
  ASSIGN_OR_RETURN(
      Access access,
      CombineAccess({globals_.access, EnvironmentLayer(std::getenv), file}));
  if (!access.token.empty() && !access.tls && !IsLoopback(access.server)) {
    Warn(absl::StrCat("warning: the token goes to ", access.server,
                      " in plaintext; who listens on the way can use it. Add "
                      "--tls where the server speaks it"));
  }
  return Connection::Open(std::move(access));
}

absl::Status Session::Close() {
  ClearStatus();
  connection_.reset();
  if (local_ == nullptr) return absl::OkStatus();
  absl::Status status = local_->Stop();
  local_.reset();
  return status;
}

void Session::Print(absl::string_view text) {
  if (globals_.json) return;
  if (output_taken_) {
    Note(text);
    return;
  }
  ClearStatus();
  drawn_over_ = true;
  Write(stdout, Line(text));
}

void Session::Emit(absl::string_view json) {
  if (globals_.json) Write(stdout, Line(json));
}

void Session::Answer(const google::protobuf::Message& message,
                     absl::string_view text) {
  if (globals_.json) {
    Emit(ToJson(message));
  } else {
    Print(text);
  }
}

void Session::Warn(absl::string_view text) {
  if (globals_.quiet) return;
  ClearStatus();
  drawn_over_ = true;
  Write(stderr, Line(text));
}

void Session::Note(absl::string_view text) {
  if (globals_.quiet || globals_.json) return;
  ClearStatus();
  drawn_over_ = true;
  Write(stderr, Line(text));
}

void Session::Fail(const absl::Status& status, const CommandFlags& flags) {
  if (globals_.json) {
    Emit(ErrorJson(status, flags));
    return;
  }
  ClearStatus();
  for (const std::string& line : Explain(status, flags))
    Write(stderr, Line(line));
}

bool Session::IsLive() const {
  return !globals_.quiet && !globals_.json && ErrorIsTerminal();
}

void Session::ShowStatus(absl::string_view text) {
  if (!IsLive()) return;
  Write(stderr, absl::StrCat("\r", text, "\x1b[K"));
  status_shown_ = true;
}

void Session::ClearStatus() {
  if (!status_shown_) return;
  Write(stderr, "\r\x1b[K");
  status_shown_ = false;
}

TransferProgress Session::TransferView(std::string what) {
  if (!IsLive()) return nullptr;
  constexpr int64_t kWorthShowing = 4 << 20;
  return [this, what = std::move(what), shown = absl::InfinitePast()](
             int64_t done, int64_t total) mutable {
    if (total < kWorthShowing) return;
    const absl::Time now = absl::Now();
    if (done < total && now - shown < absl::Milliseconds(100)) return;
    shown = now;
    ShowStatus(TransferBar(what, done, total, TerminalColumns()));
    if (done >= total) ClearStatus();
  };
}

void Session::Draw(absl::string_view bytes) {
  ClearStatus();
  Write(stderr, bytes);
  drawn_over_ = false;
}

}  // namespace phosphene::client
