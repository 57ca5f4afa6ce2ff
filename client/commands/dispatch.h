#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/commands/flag_table.h"
#include "client/commands/session.h"

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace phosphene::client {

// Something a server may have been built without, as GetCapabilities names it:
// {"parameterizations", "texture"}.
struct Arm {
  std::string list;
  std::string name;
};

// What runs for which command: CLI11 parses, this remembers.
class Dispatch {
 public:
  using Run = std::function<absl::Status(Session&)>;
  void On(const CLI::App* command, Run run) { runs_[command] = std::move(run); }
  // The command needs an arm not every server has; when called it says clearly
  // what the server lacks.
  void Needs(CLI::App* command, Arm arm);
  // The user of the command wrote a spec, not flags: faults of the spec are
  // told by field path.
  void TellSpecByPath(const CLI::App* command) { by_path_.insert(command); }

  // What runs for the command; null for none.
  const Run* Find(const CLI::App* command) const;
  // Its flags, for telling faults.
  CommandFlags FlagsFor(const CLI::App& command) const;
  // UNIMPLEMENTED: the server lacks what the command needs. Asks the server
  // only for a command that needs something, and not for --spec-only.
  absl::Status CheckNeeds(const CLI::App* command, Session& session) const;

 private:
  std::map<const CLI::App*, Run> runs_;
  std::map<const CLI::App*, Arm> needs_;
  std::set<const CLI::App*> by_path_;
};

// The command parsed, deepest first: `jobs list` for `phosphene jobs list`.
const CLI::App* ParsedCommand(const CLI::App& root);

// Its flags as users write them, and those of the commands above it:
// "--layer", "-o".
CommandFlags FlagsOf(const CLI::App& command);

// "jobs list" for messages; "phosphene" for the program itself.
std::string CommandPath(const CLI::App& command);

// An error that names what `command` has no sub-command for, and the nearest.
absl::Status UnknownCommand(const CLI::App& command, const std::string& name);

// What was wrong with the command line, as an error that names flag or
// command, value, what is allowed and the nearest.
absl::Status ExplainParseError(const CLI::App& root, const CLI::Error& error);

// The command line as a picture tells it: what was typed, less the flags before
// the command (how the server is reached) and those that change nothing of the
// picture (where files go, how the job is watched and queued). Flags of `root`
// are the ones before the command.
std::string CommandLineOf(const CLI::App& root,
                          const std::vector<std::string>& arguments);

// Joins a flag and the value behind it where the value begins with '-', which
// CLI11 would take for a flag: --objective "-channel(a:1)".
std::vector<std::string> JoinNegativeValues(std::vector<std::string> arguments);

}  // namespace phosphene::client
