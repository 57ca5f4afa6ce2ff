#include "client/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "client/base/failure.h"
#include "client/spec/expression_calls.h"
#include "client/view/image_size.h"
#include "tests/client/run_app.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<std::vector<std::string>>& AllCommands() {
  static const std::vector<std::vector<std::string>> commands = {
      {"feature"},
      {"sheet"},
      {"interpolate"},
      {"style"},
      {"texture"},
      {"cppn"},
      {"transparent"},
      {"dream"},
      {"basin"},
      {"submit"},
      {"devices"},
      {"capabilities"},
      {"top"},
      {"jobs", "list"},
      {"jobs", "get"},
      {"jobs", "watch"},
      {"jobs", "result"},
      {"jobs", "cancel"},
      {"jobs", "pause"},
      {"jobs", "resume"},
      {"jobs", "update"},
      {"jobs", "delete"},
      {"models", "list"},
      {"models", "add"},
      {"models", "show"},
      {"models", "layers"},
      {"models", "delete"}};
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
  EXPECT_THAT(run.err, AllOf(HasSubstr("127.0.0.1:1"), HasSubstr("--local")));
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
  for (std::vector<std::string> command : AllCommands()) {
    command.push_back("--help");
    const AppRun run = RunCli(command);
    EXPECT_EQ(run.exit_code, 0) << command[0];
    EXPECT_THAT(run.out, testing::ContainsRegex("Examples?:\n  phosphene "))
        << command[0];
  }
}

// The manual tells every flag of every command.
TEST(App, EveryFlagIsInTheManual) {
  const std::string manual = Contents("docs/cli.md");
  std::set<std::string> flags;
  for (const std::vector<std::string>& command : AllCommands()) {
    std::vector<std::string> help = command;
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
