// From the command line to the command, and what is wrong with either.

#include "client/commands/dispatch.h"

#include <google/protobuf/reflection.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/command_line.h"
#include "client/base/failure.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* sub :
       command.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(sub->get_name());
  }
  return names;
}

absl::Status UnknownFlag(const CLI::App& command, const std::string& argument) {
  const std::string flag = argument.substr(0, argument.find('='));
  const std::string hint = NearestHint(flag, FlagsOf(command).available);
  return UsageError(absl::StrCat("\"", CommandPath(command),
                                 "\" has no flag \"", flag, "\"", hint,
                                 hint.empty() ? "; see --help" : ""));
}

// What a type name of CLI11 means to people.
std::string TypeWords(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (absl::StartsWith(type, "INT")) return "a whole number";
  if (absl::StartsWith(type, "UINT")) return "a whole number >= 0";
  if (absl::StartsWith(type, "FLOAT")) return "a number";
  return "";
}

// "Could not convert: --steps = abc" with what is allowed.
absl::Status BadValue(const CLI::App& command, const std::string& message) {
  for (const CLI::App* app = &command; app != nullptr;
       app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      const std::string name = option->get_name();
      if (option->count() == 0 || !absl::StrContains(message, name)) continue;
      const std::string words = TypeWords(*option);
      if (words.empty()) continue;
      return FlagError(name, absl::StrCat("\"", option->results().back(),
                                          "\" is not allowed; ", words, " is"));
    }
  }
  return UsageError(message);
}

// Whether the server has an arm, and what else of its kind it has.
bool HasArm(const v1::Capabilities& all, const Arm& arm,
            std::vector<std::string>* others) {
  const auto* field = all.GetDescriptor()->FindFieldByName(arm.list);
  const auto names =
      all.GetReflection()->GetRepeatedFieldRef<std::string>(all, field);
  others->assign(names.begin(), names.end());
  return std::find(others->begin(), others->end(), arm.name) != others->end();
}

}  // namespace

std::string CommandPath(const CLI::App& command) {
  if (command.get_parent() == nullptr) return "phosphene";
  const std::string above = CommandPath(*command.get_parent());
  return absl::StrCat(above == "phosphene" ? "" : absl::StrCat(above, " "),
                      command.get_name());
}

absl::Status UnknownCommand(const CLI::App& command, const std::string& name) {
  const std::vector<std::string> names = CommandNames(command);
  std::string hint = NearestHint(name, names);
  if (hint.empty()) hint = absl::StrCat("; allowed ", QuotedList(names));
  return UsageError(absl::StrCat("\"", CommandPath(command),
                                 "\" has no command \"", name, "\"", hint));
}

void Dispatch::Needs(CLI::App* command, Arm arm) {
  needs_[command] = std::move(arm);
}

absl::Status Dispatch::CheckNeeds(const CLI::App* command,
                                  Session& session) const {
  const auto needs = needs_.find(command);
  const CLI::Option* spec_only = command->get_option_no_throw("--spec-only");
  if (needs == needs_.end() || (spec_only != nullptr && spec_only->count() > 0))
    return absl::OkStatus();
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  ASSIGN_OR_RETURN(const v1::Capabilities all,
                   connection->Call(connection->system(),
                                    &v1::SystemService::Stub::GetCapabilities,
                                    v1::GetCapabilitiesRequest()));
  std::vector<std::string> others;
  const Arm& arm = needs->second;
  if (HasArm(all, arm, &others)) return absl::OkStatus();
  return absl::UnimplementedError(
      absl::StrCat("the server at ", connection->address(), " (", all.version(),
                   ") was built without \"", arm.name, "\", which `phosphene ",
                   CommandPath(*command), "` needs; its ", arm.list, ": ",
                   QuotedList(others)));
}

CommandFlags Dispatch::FlagsFor(const CLI::App& command) const {
  CommandFlags flags = FlagsOf(command);
  flags.spec_by_path = by_path_.count(&command) > 0;
  return flags;
}

const Dispatch::Run* Dispatch::Find(const CLI::App* command) const {
  const auto found = runs_.find(command);
  return found == runs_.end() ? nullptr : &found->second;
}

const CLI::App* ParsedCommand(const CLI::App& root) {
  const CLI::App* command = &root;
  while (true) {
    const std::vector<CLI::App*> parsed =
        const_cast<CLI::App*>(command)->get_subcommands();
    if (parsed.empty()) return command;
    command = parsed.back();
  }
}

CommandFlags FlagsOf(const CLI::App& command) {
  CommandFlags flags;
  for (const CLI::App* app = &command; app != nullptr;
       app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      std::vector<std::string> names;
      for (const std::string& name : option->get_lnames())
        names.push_back("--" + name);
      for (const std::string& name : option->get_snames())
        names.push_back("-" + name);
      for (const std::string& name : names) {
        flags.available.push_back(name);
        if (option->count() > 0) flags.given.push_back(name);
      }
    }
  }
  return flags;
}

absl::Status ExplainParseError(const CLI::App& root, const CLI::Error& error) {
  const CLI::App& command = *ParsedCommand(root);
  const auto kind = static_cast<CLI::ExitCodes>(error.get_exit_code());
  const bool missing = kind == CLI::ExitCodes::RequiredError;
  if (missing || kind == CLI::ExitCodes::ExtrasError) {
    const std::vector<std::string> remaining = root.remaining(true);
    const auto flag = std::find_if(
        remaining.begin(), remaining.end(),
        [](const std::string& s) { return s.size() > 1 && s[0] == '-'; });
    if (flag != remaining.end()) return UnknownFlag(command, *flag);
    if (!remaining.empty()) {
      if (!CommandNames(command).empty())
        return UnknownCommand(command, remaining.front());
      return UsageError(absl::StrCat("\"", CommandPath(command),
                                     "\" takes no argument \"",
                                     remaining.front(), "\" here; see --help"));
    }
    const std::vector<std::string> names = CommandNames(command);
    if (missing && !names.empty()) {
      return UsageError(absl::StrCat("\"", CommandPath(command),
                                     "\" needs a command; allowed ",
                                     QuotedList(names)));
    }
    return UsageError(absl::StrCat(error.what(), "; see --help"));
  }
  if (kind == CLI::ExitCodes::ConversionError)
    return BadValue(command, error.what());
  return UsageError(error.what());
}

std::string CommandLineOf(const CLI::App& root,
                          const std::vector<std::string>& arguments) {
  LeftOut left_out;
  left_out.alone = {"--detach", "--watch", "--preview"};
  left_out.with_value = {"-o",      "--output",   "--history",
                         "--label", "--priority", "--artifact"};
  for (const CLI::Option* option : root.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      auto& names = option->get_items_expected_max() == 0 ? left_out.alone
                                                          : left_out.with_value;
      names.insert(absl::StrCat("--", name));
    }
  }
  std::vector<std::string> words = WithoutFlags(arguments, left_out);
  words.insert(words.begin(), "phosphene");
  return ShellLine(words);
}

std::vector<std::string> JoinNegativeValues(
    std::vector<std::string> arguments) {
  std::vector<std::string> out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const bool takes = arguments[i] == "--objective" ||
                       arguments[i] == "--range" || arguments[i] == "--mean" ||
                       arguments[i] == "--colors";
    if (takes && i + 1 < arguments.size() &&
        absl::StartsWith(arguments[i + 1], "-")) {
      out.push_back(absl::StrCat(arguments[i], "=", arguments[i + 1]));
      ++i;
    } else {
      out.push_back(std::move(arguments[i]));
    }
  }
  return out;
}

}  // namespace phosphene::client
