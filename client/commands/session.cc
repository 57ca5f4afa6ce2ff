#include "client/commands/session.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "client/base/failure.h"
#include "client/base/json.h"
#include "client/base/status_macros.h"
#include "client/view/progress.h"
#include "client/view/terminal.h"

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

}  // namespace

Session::~Session() { ClearStatus(); }

absl::StatusOr<Connection*> Session::Connect() {
  if (connection_ != nullptr) return connection_.get();
  std::string address = globals_.server;
  if (globals_.local) {
    LocalServer::Options options;
    options.data = globals_.data;
    ASSIGN_OR_RETURN(local_, LocalServer::Start(std::move(options)));
    address = local_->address();
  }
  connection_ = std::make_unique<Connection>(address);
  return connection_.get();
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
