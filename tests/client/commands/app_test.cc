#include "client/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/commands/commands.h"
#include "client/spec/expression_calls.h"
#include "client/view/image_size.h"
#include "tests/client/run_app.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

using Words = std::vector<std::string>;

void CollectCommands(const CLI::App& app, const Words& above,
                     std::vector<Words>* out) {
  for (const CLI::App* sub :
       app.get_subcommands([](const CLI::App*) { return true; })) {
    Words words = above;
    words.push_back(sub->get_name());
    if (sub->get_subcommands([](const CLI::App*) { return true; }).empty())
      out->push_back(words);
    CollectCommands(*sub, words, out);
  }
}

// Every command of the program that does something: {"jobs", "list"}.
const std::vector<Words>& AllCommands() {
  static const std::vector<Words> commands = [] {
    CLI::App app;
    Dispatch dispatch;
    AddCommands(app, dispatch);
    std::vector<Words> out;
    CollectCommands(app, {}, &out);
    return out;
  }();
  return commands;
}

// The error of a command line that is wrong.
std::string UsageOf(const std::vector<std::string>& arguments) {
  const AppRun run = RunCli(arguments);
  EXPECT_EQ(run.exit_code, kExitUsage) << run.out << run.err;
  EXPECT_EQ(run.out, "");
  return run.err;
}

TEST(App, UnknownCommandsAreAnsweredWithTheNearest) {
  EXPECT_THAT(UsageOf({"featur"}),
              HasSubstr("no command \"featur\"; nearest \"feature\""));
  EXPECT_THAT(UsageOf({"jobs", "lst"}),
              HasSubstr("\"jobs\" has no command \"lst\"; nearest \"list\""));
  EXPECT_THAT(UsageOf({"models"}),
              HasSubstr("\"models\" needs a command; allowed \"list\""));
}

TEST(App, UnknownFlagsAreAnsweredWithTheNearest) {
  EXPECT_THAT(
      UsageOf({"feature", "--laye", "x"}),
      HasSubstr("\"feature\" has no flag \"--laye\"; nearest \"--layer\""));
  EXPECT_THAT(UsageOf({"jobs", "list", "--filtre=x"}),
              HasSubstr("nearest \"--filter\""));
  EXPECT_THAT(UsageOf({"--jsn", "devices"}), HasSubstr("nearest \"--json\""));
}

TEST(App, WrongValuesAreNamedWithWhatIsAllowed) {
  EXPECT_THAT(UsageOf({"feature", "--layer", "a", "--steps", "abc"}),
              HasSubstr("--steps: \"abc\" is not allowed; a whole number is"));
  EXPECT_THAT(UsageOf({"feature", "--layer", "a", "--steps", "-1"}),
              HasSubstr("--steps: -1 is not allowed"));
  EXPECT_THAT(UsageOf({"feature", "--layer", "a", "--size", "100000"}),
              HasSubstr("1..32768"));
  EXPECT_THAT(UsageOf({"feature", "--layer", "a", "--seed", "-3"}),
              HasSubstr("--seed"));
  EXPECT_THAT(UsageOf({"interpolate", "--from", "a", "--to", "b:1"}),
              HasSubstr("--from: \"a\" is no target"));
  EXPECT_THAT(UsageOf({"sheet"}), HasSubstr("--layer is required"));
  EXPECT_THAT(UsageOf({"sheet", "--layer", "a", "--channels", "3-1"}),
              HasSubstr("--channels"));
  EXPECT_THAT(UsageOf({"feature"}), HasSubstr("--layer"));
}

TEST(App, WithJsonErrorsAreObjectsOnStandardOutput) {
  const AppRun run =
      RunCli({"--json", "feature", "--layer", "a", "--size", "0"});
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_THAT(run.out, StartsWith(R"({"error":{"code":"INVALID_ARGUMENT")"));
  EXPECT_EQ(run.err, "");
  const AppRun unknown = RunCli({"--json", "featur"});
  EXPECT_THAT(unknown.out, StartsWith(R"({"error":)"));
}

TEST(App, AnUnreachableServerIsThree) {
  const AppRun run = RunCli({"--server", "127.0.0.1:1", "jobs", "list"});
  EXPECT_EQ(run.exit_code, kExitUnreachable);
  EXPECT_THAT(run.err, AllOf(StartsWith("error: no server answers at "
                                        "127.0.0.1:1 (Connection refused)"),
                             HasSubstr("--local")));
  // None of a library's lines beside it.
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_EQ(RunCli({"--server", "127.0.0.1:1", "health"}).exit_code,
            kExitUnreachable);
}

TEST(App, HowToReachAServerIsSaidForAServerAlone) {
  EXPECT_THAT(UsageOf({"--local", "--token", "x", "jobs", "list"}),
              HasSubstr("--token: and --local exclude each other"));
  const TempFolder folder;
  Put(folder / "client.conf", "sever = h:1\n");
  EXPECT_THAT(UsageOf({"--config", folder / "client.conf", "jobs", "list"}),
              HasSubstr("nearest \"server\""));
  EXPECT_THAT(UsageOf({"--config", folder / "none", "jobs", "list"}),
              HasSubstr("--config: "));
  EXPECT_THAT(UsageOf({"--tls-ca", folder / "none", "jobs", "list"}),
              HasSubstr("--tls-ca: cannot open"));
  Put(folder / "text.pem", "no PEM");
  EXPECT_THAT(UsageOf({"--tls-ca", folder / "text.pem", "jobs", "list"}),
              HasSubstr("holds no certificate in PEM"));
}

TEST(App, GlobalFlagsMayStandBehindTheCommand) {
  const AppRun run =
      RunCli({"feature", "--layer", "a", "--spec-only", "--json"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, StartsWith(R"({"model":"phosphene-tiny")"));
}

TEST(App, AnExpressionMayBeginWithMinus) {
  const AppRun run = RunCli({"feature", "--objective", "-tv()", "--spec-only"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("weight: -1"));
}

TEST(App, EveryCommandHasHelpWithAnExample) {
  EXPECT_GT(AllCommands().size(), 30u);
  for (Words command : AllCommands()) {
    CLI::App app;
    Dispatch dispatch;
    AddCommands(app, dispatch);
    const CLI::App* added = &app;
    for (const std::string& word : command) added = added->get_subcommand(word);
    EXPECT_NE(added->get_description(), "") << command.back();
    EXPECT_NE(dispatch.Find(added), nullptr) << command.back();
    command.push_back("--help");
    const AppRun run = RunCli(command);
    EXPECT_EQ(run.exit_code, 0) << command[0];
    EXPECT_THAT(run.out, testing::ContainsRegex("Examples?:\n  phosphene "))
        << command[0];
  }
}

// A heading or the first cell of a table names it.
TEST(App, EveryCommandIsInTheManual) {
  const std::string manual = Contents("docs/cli.md");
  const std::regex place(R"re((?:^|\n)(?:#[^\n]*|\| (?:[^|\\\n]|\\.)* \|))re");
  std::vector<std::string> places;
  for (std::sregex_iterator it(manual.begin(), manual.end(), place), end;
       it != end; ++it) {
    places.push_back((*it)[0]);
  }
  for (const Words& command : AllCommands()) {
    const std::regex first("`" + command[0] + "\\b");
    const std::regex last("\\b" + command.back() + "\\b");
    const bool told =
        std::any_of(places.begin(), places.end(), [&](const std::string& text) {
          return std::regex_search(text, first) &&
                 std::regex_search(text, last);
        });
    EXPECT_TRUE(told) << "docs/cli.md does not tell `" << command[0] << " "
                      << command.back() << "`";
  }
}

TEST(App, RangesAndDefaultsInHelpAreThoseOfTheFields) {
  const std::string feature = RunCli({"feature", "--help"}).out;
  for (const char* path : {"spec.steps", "spec.parameterization.width",
                           "spec.optimizer.learning_rate",
                           "spec.parameterization.init.noise", "priority"}) {
    EXPECT_THAT(feature, HasSubstr(AllowedFor(path))) << path;
  }
  EXPECT_THAT(feature,
              HasSubstr("frames [" + DefaultFor("spec.frames.every") + "]"));
  EXPECT_THAT(
      RunCli({"cppn", "--help"}).out,
      HasSubstr(AllowedFor("spec.parameterization.cppn.hidden_channels")));
}

TEST(App, TheListOfCommandsHoldsThemAll) {
  const std::string help = RunCli({"--help"}).out;
  EXPECT_THAT(help, HasSubstr("\n  feature "));
  EXPECT_THAT(help, HasSubstr("\n  texture "));
  EXPECT_THAT(RunCli({"texture", "--help"}).out, HasSubstr("--mesh"));
}

TEST(App, HelpAndVersionAreCommandsToo) {
  EXPECT_EQ(RunCli({"help"}).out, RunCli({"--help"}).out);
  EXPECT_EQ(RunCli({"help", "jobs", "list"}).out,
            RunCli({"jobs", "list", "--help"}).out);
  EXPECT_THAT(UsageOf({"help", "featur"}), HasSubstr("nearest \"feature\""));
  EXPECT_THAT(UsageOf({"help", "jobs", "lst"}), HasSubstr("nearest \"list\""));
  EXPECT_EQ(RunCli({"version"}).out, RunCli({"--version"}).out);
  EXPECT_THAT(RunCli({"--json", "version"}).out, StartsWith("{\"version\":"));
}

// The manual tells every flag of every command.
TEST(App, EveryFlagIsInTheManual) {
  const std::string manual = Contents("docs/cli.md");
  std::set<std::string> flags;
  for (const Words& command : AllCommands()) {
    Words help = command;
    help.push_back("--help");
    const std::string text = RunCli(help).out;
    const std::regex flag(R"re((?:^|\n)  (?:-[a-z],)?(--[a-z-]+))re");
    for (std::sregex_iterator it(text.begin(), text.end(), flag), end;
         it != end; ++it) {
      flags.insert((*it)[1]);
    }
  }
  EXPECT_GT(flags.size(), 40u);
  flags.erase("--output");  // told as -o
  for (const std::string& flag : flags) EXPECT_THAT(manual, HasSubstr(flag));
  for (const std::string& call : CallNames())
    EXPECT_THAT(manual, HasSubstr("`" + call + "("));
}

TEST(App, BasinDrawsAndCountsWithoutAServer) {
  const TempFolder folder;
  const AppRun run =
      RunCli({"basin", "--shared-weight", "1", "--range", "0.5", "--size", "32",
              "--starts", "2000", "-o", folder / "basin.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("independent"), HasSubstr("0.7")));
  EXPECT_EQ(ImageFileSize(folder / "basin.png")->width, 80);
  EXPECT_THAT(UsageOf({"basin", "--optimizer", "adm"}),
              HasSubstr("nearest \"adam\""));
  EXPECT_THAT(UsageOf({"basin", "--range", "0"}), HasSubstr("--range"));
}

}  // namespace
}  // namespace phosphene::client
