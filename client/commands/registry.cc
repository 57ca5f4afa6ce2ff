// The commands, from the table in builtins.inc.

#include "client/commands/commands.h"

namespace phosphene::client {

void AddCommands(CLI::App& app, Dispatch& dispatch) {
#define COMMAND(Name) Add##Name(app, dispatch);
#include "client/commands/builtins.inc"
#undef COMMAND
}

}  // namespace phosphene::client
