// `version` and `help`: the flags --version and --help as words.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/json.h"
#include "client/commands/commands.h"

namespace phosphene::client {

void AddVersion(CLI::App& app, Dispatch& dispatch) {
  CLI::App* command =
      app.add_subcommand("version", "The version of this program");
  command->footer("Example:\n  phosphene version");
  dispatch.On(command, [](Session& session) {
    session.Emit(JsonObject().Add("version", PHOSPHENE_VERSION).Text());
    session.Print("phosphene " PHOSPHENE_VERSION);
    return absl::OkStatus();
  });
}

void AddHelp(CLI::App& app, Dispatch& dispatch) {
  auto words = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      app.add_subcommand("help", "What a command does, and its flags");
  command->add_option("command", *words, "the command, such as: jobs list")
      ->type_name("COMMAND");
  command->footer("Example:\n  phosphene help jobs list");
  dispatch.On(command, [&app, words](Session& session) -> absl::Status {
    const CLI::App* about = &app;
    for (const std::string& word : *words) {
      const std::vector<const CLI::App*> found = about->get_subcommands(
          [&](const CLI::App* sub) { return sub->get_name() == word; });
      if (found.empty()) return UnknownCommand(*about, word);
      about = found.front();
    }
    // App::help would tell of the command that was parsed: this one.
    const std::string path =
        about == &app ? "phosphene"
                      : absl::StrCat("phosphene ", CommandPath(*about));
    session.Print(about->get_formatter()->make_help(
        about, path, CLI::AppFormatMode::Normal));
    return absl::OkStatus();
  });
}

}  // namespace phosphene::client
