#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "absl/strings/str_split.h"
#include "client/spec/spec_file.h"
#include "tests/client/run_app.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

// Each example begins with a title and the command that makes it:
//   # Feature visualization of one channel.
//   #   phosphene feature --layer mixed4b --channel 7 -o feature.png
TEST(Examples, EachIsWhatItsCommandMakes) {
  std::set<std::string> commands;
  for (const auto& entry :
       std::filesystem::directory_iterator("docs/examples")) {
    if (entry.path().extension() != ".textproto") continue;
    const std::string text = Contents(entry.path().string());
    const std::vector<std::string> lines = absl::StrSplit(text, '\n');
    std::vector<std::string> words =
        absl::StrSplit(lines[1], ' ', absl::SkipEmpty());
    ASSERT_EQ(words[1], "phosphene") << entry.path();
    words.erase(words.begin(), words.begin() + 2);
    commands.insert(words[0]);
    words.push_back("--spec-only");
    // Files are named as they lie there.
    const auto root = std::filesystem::current_path();
    std::filesystem::current_path("docs/examples");
    const AppRun run = RunCli(words);
    std::filesystem::current_path(root);
    ASSERT_EQ(run.exit_code, 0) << entry.path() << run.err;
    const auto made = ParseSpec(run.out, "command");
    const auto kept = ParseSpec(text, entry.path().string());
    ASSERT_TRUE(made.ok() && kept.ok()) << kept.status();
    EXPECT_TRUE(
        google::protobuf::util::MessageDifferencer::Equals(*made, *kept))
        << entry.path() << " differs from\n"
        << run.out;
  }
  EXPECT_EQ(commands, (std::set<std::string>{
                          "caricature", "cppn", "diversity", "dream", "feature",
                          "interpolate", "invert", "pattern", "sheet", "style",
                          "texture", "transparent"}));
}

}  // namespace
}  // namespace phosphene::client
