#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

// The flags of a command line, as "--layer", "-o".
struct CommandFlags {
  std::vector<std::string> given;      // by the user
  std::vector<std::string> available;  // all that the command has
  // The user wrote the spec, not the flags: its fields keep their paths.
  bool spec_by_path = false;
};

// The flag that sets a field the server complained about
// ("spec.objectives[0].channel.layer"), or "" when none of the command's does.
// Of several, one that was given: whoever wrote --objective hears of
// --objective, not of --channel. A flag of a message also stands for the
// fields below it.
std::string FlagFor(absl::string_view field, const CommandFlags& flags);

// The lines to show: "error: --layer: no layer ...", one a fault. Fields are
// told by the flag that sets them.
std::vector<std::string> Explain(const absl::Status& status,
                                 const CommandFlags& flags);

}  // namespace phosphene::client
