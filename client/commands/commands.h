#pragma once

#include "client/commands/dispatch.h"

namespace phosphene::client {

// AddFeature, AddSheet, ...: each adds a command and its flags to `app` and
// what it runs to `dispatch`. docs/cli.md is the manual.
#define COMMAND(Name) void Add##Name(CLI::App& app, Dispatch& dispatch);
#include "client/commands/builtins.inc"
#undef COMMAND

// All of them.
void AddCommands(CLI::App& app, Dispatch& dispatch);

}  // namespace phosphene::client
