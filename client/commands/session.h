#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/base/failure.h"
#include "client/commands/flag_table.h"
#include "client/remote/access.h"
#include "client/remote/blobs.h"
#include "client/remote/connection.h"
#include "client/remote/local_server.h"
#include "google/protobuf/message.h"

namespace phosphene::client {

// Flags before the command.
struct Globals {
  AccessLayer access;  // --server, --tls, --token, ...
  std::string config;  // file of more of these; "": the default one, if any
  bool local = false;
  std::string data;  // with --local
  bool json = false;
  bool quiet = false;
  // What was typed, for JobSpec.command: "phosphene feature --layer ...".
  std::string command_line;
};

// What a command works with: the server it talks to and where it writes.
// Results go to standard output; notes, bars and errors to standard error.
// With --json standard output is one JSON object a line, errors included.
// Confined to the main thread.
class Session {
 public:
  explicit Session(Globals globals) : globals_(std::move(globals)) {}
  ~Session();

  const Globals& globals() const { return globals_; }

  // The server, started first with --local. INVALID_ARGUMENT: a setting of
  // how to reach it is wrong.
  absl::StatusOr<Connection*> Connect();
  // Stops the private server, if any.
  absl::Status Close();

  // Standard output is for the bytes of a file (-o -): results for people go
  // to standard error from now on.
  void KeepOutputForBytes() { output_taken_ = true; }

  // A result for people; nothing with --json.
  void Print(absl::string_view text);
  // A result for programs; nothing without --json.
  void Emit(absl::string_view json);
  // A result for both: the message as JSON, or the text.
  void Answer(const google::protobuf::Message& message, absl::string_view text);
  // Something to worry about, on standard error even with --json; nothing
  // with --quiet.
  void Warn(absl::string_view text);
  // A remark on what happens; nothing with --quiet or --json.
  void Note(absl::string_view text);
  // The error, told by the flags of the command that ran.
  void Fail(const absl::Status& status, const CommandFlags& flags);

  // A line that is drawn over until something else is written; only on a
  // terminal, nothing with --quiet or --json.
  void ShowStatus(absl::string_view text);
  void ClearStatus();
  // Whether ShowStatus shows anything.
  bool IsLive() const;
  // Shows a transfer of more than a few megabytes by ShowStatus.
  TransferProgress TransferView(std::string what);

  // Raw bytes for the terminal (pictures).
  void Draw(absl::string_view bytes);
  // True when something was printed since the last Draw.
  bool drawn_over() const { return drawn_over_; }

 private:
  absl::StatusOr<std::unique_ptr<Connection>> Open();

  const Globals globals_;
  std::unique_ptr<LocalServer> local_;
  std::unique_ptr<Connection> connection_;
  bool status_shown_ = false;
  bool drawn_over_ = true;
  bool output_taken_ = false;
};

}  // namespace phosphene::client
