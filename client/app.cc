#include "client/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "client/base/failure.h"
#include "client/commands/commands.h"

namespace phosphene::client {
namespace {

void AddGlobals(CLI::App& app, Globals* globals) {
  app.add_option("--server", globals->server,
                 "address of the server, HOST:PORT or unix:PATH")
      ->envname("PHOSPHENE_SERVER")
      ->capture_default_str();
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

void AddCommands(CLI::App& app, Dispatch& dispatch) {
  AddFeature(app, dispatch);
  AddSheet(app, dispatch);
  AddInterpolate(app, dispatch);
  AddStyle(app, dispatch);
  AddTexture(app, dispatch);
  AddCppn(app, dispatch);
  AddRender(app, dispatch);
  AddMorph(app, dispatch);
  AddTransparent(app, dispatch);
  AddDream(app, dispatch);
  AddPattern(app, dispatch);
  AddInvert(app, dispatch);
  AddCaricature(app, dispatch);
  AddDiversity(app, dispatch);
  AddBasin(app, dispatch);
  AddSubmit(app, dispatch);
  AddJobs(app, dispatch);
  AddModels(app, dispatch);
  AddDevices(app, dispatch);
  AddCapabilities(app, dispatch);
  AddTop(app, dispatch);
}

int Fail(Session& session, const absl::Status& status,
         const CommandFlags& flags) {
  session.Fail(status, flags);
  return ExitCodeOf(status);
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
      "`phosphene COMMAND --help` tells more. Exit codes: 0 ok, 1 job failed, "
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
  Session session(globals);
  const absl::Status status = (*dispatch.Find(command))(session);
  const absl::Status closed = session.Close();
  if (!status.ok()) return Fail(session, status, FlagsOf(*command));
  if (!closed.ok()) return Fail(session, closed, {});
  return kExitOk;
}

}  // namespace phosphene::client
