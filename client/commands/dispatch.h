#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/commands/session.h"

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace phosphene::client {

// What runs for which command: CLI11 parses, this remembers.
class Dispatch {
 public:
  using Run = std::function<absl::Status(Session&)>;
  void On(const CLI::App* command, Run run) { runs_[command] = std::move(run); }
  // The deepest command parsed, and what it runs; null for none.
  const Run* Find(const CLI::App* command) const;

 private:
  std::map<const CLI::App*, Run> runs_;
};

// The command parsed, deepest first: `jobs list` for `phosphene jobs list`.
const CLI::App* ParsedCommand(const CLI::App& root);

// Its flags as users write them, and those of the commands above it:
// "--layer", "-o".
CommandFlags FlagsOf(const CLI::App& command);

// What was wrong with the command line, as an error that names flag or
// command, value, what is allowed and the nearest.
absl::Status ExplainParseError(const CLI::App& root, const CLI::Error& error);

// Joins a flag and the value behind it where the value begins with '-', which
// CLI11 would take for a flag: --objective "-channel(a:1)".
std::vector<std::string> JoinNegativeValues(std::vector<std::string> arguments);

}  // namespace phosphene::client
