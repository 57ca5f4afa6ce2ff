// The program: parses the command line, runs the command, answers the exit
// code.

#include "client/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/commands/commands.h"
#include "client/remote/quiet.h"
#include "client/view/terminal.h"

namespace phosphene::client {
namespace {

void AddGlobals(CLI::App& app, Globals* globals) {
  for (const AccessKey& key : AccessKeys()) {
    const std::string name = key.name;
    const std::string flag = absl::StrCat("--", name);
    const auto take = [globals, name, flag](const std::string& value) {
      globals->access.values[name] = value;
      globals->access.origins[name] = flag;
    };
    if (*key.value == '\0') {
      app.add_flag_function(
          flag, [take](int64_t count) { take(count > 0 ? "true" : "false"); },
          key.help);
    } else {
      app.add_option_function<std::string>(flag, take, key.help)
          ->type_name(key.value);
    }
  }
  app.add_option("--config", globals->config,
                 "file of such settings, KEY = VALUE a line "
                 "[~/.config/phosphene/client.conf]")
      ->type_name("FILE");
  CLI::Option* local =
      app.add_flag("--local", globals->local,
                   "start a private server for this one command instead");
  app.add_option("--data", globals->data,
                 "data folder of the private server [the shared one]")
      ->needs(local);
  app.add_flag("--json", globals->json,
               "print one JSON object a line, errors too");
  app.add_flag("--quiet", globals->quiet, "no bars and notes");
  app.set_version_flag("--version", "phosphene " PHOSPHENE_VERSION);
}

int Fail(Session& session, const absl::Status& status,
         const CommandFlags& flags) {
  session.Fail(status, flags);
  return ExitCodeOf(status);
}

// -o - sends the bytes of one file to standard output, and nothing else.
absl::Status ClaimOutput(const CLI::App& command, Session* session) {
  const CLI::Option* output = command.get_option_no_throw("--output");
  if (output == nullptr) return absl::OkStatus();
  const std::vector<std::string> files = output->results();
  const auto count = std::count(files.begin(), files.end(), "-");
  if (count == 0) return absl::OkStatus();
  if (count > 1)
    return FlagError("-o",
                     "\"-\" may stand once: there is one standard output");
  if (session->globals().json) {
    return FlagError("-o",
                     "\"-\" and --json both want standard output; name a file");
  }
  if (OutputIsTerminal()) {
    return FlagError("-o",
                     "\"-\" would write the bytes to this terminal; add `> "
                     "FILE` or `| PROGRAM`");
  }
  session->KeepOutputForBytes();
  return absl::OkStatus();
}

// Flags that count even where the rest of the line is wrong.
Globals GlobalsOf(const std::vector<std::string>& arguments) {
  Globals globals;
  globals.json = std::find(arguments.begin(), arguments.end(), "--json") !=
                 arguments.end();
  return globals;
}

}  // namespace

int RunApp(const std::vector<std::string>& arguments) {
  // A reader of ours that goes away (`phosphene ... | head`) is no crash.
  std::signal(SIGPIPE, SIG_IGN);
  SilenceLibraries();
  CLI::App app(
      "Optimizes images through a neural network, on a phosphened server.",
      "phosphene");
  Globals globals;
  Dispatch dispatch;
  app.require_subcommand(1);
  app.fallthrough();
  AddGlobals(app, &globals);
  AddCommands(app, dispatch);
  app.footer(
      "`phosphene help COMMAND` tells more. Exit codes: 0 ok, 1 job failed, "
      "2 usage,\n"
      "3 unreachable, 4 cancelled.\n\n"
      "Example:\n  phosphene --local feature --layer mixed4b --channel 7 -o "
      "feature.png");
  std::vector<std::string> reversed = JoinNegativeValues(arguments);
  std::reverse(reversed.begin(), reversed.end());
  try {
    app.parse(reversed);
  } catch (const CLI::Success& success) {
    return app.exit(success);  // --help, --version
  } catch (const CLI::ParseError& error) {
    if (arguments.empty()) std::cerr << app.help();
    Session session(GlobalsOf(arguments));
    return Fail(session, ExplainParseError(app, error),
                FlagsOf(*ParsedCommand(app)));
  }
  const CLI::App* command = ParsedCommand(app);
  globals.command_line = CommandLineOf(app, arguments);
  Session session(globals);
  absl::Status status = ClaimOutput(*command, &session);
  if (status.ok()) status = dispatch.CheckNeeds(command, session);
  if (status.ok()) status = (*dispatch.Find(command))(session);
  const absl::Status closed = session.Close();
  if (!status.ok()) return Fail(session, status, dispatch.FlagsFor(*command));
  if (!closed.ok()) return Fail(session, closed, {});
  return kExitOk;
}

}  // namespace phosphene::client
