// The command line against the real server, its engine and the embedded
// network.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/spec/picture_spec.h"
#include "client/view/pixels.h"
#include "tests/client/run_app.h"
#include "tests/client/temp_folder.h"
#include "tests/integration/real_server.h"

namespace phosphene::client {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class ClientRunsTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    server_ = new RealServer;
    server_->Start();
  }
  static void TearDownTestSuite() { delete server_; }

  static AppRun Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(),
                     {"--server", server_->address(), "--quiet"});
    return RunCli(arguments);
  }
  std::string Picture(const std::string& name,
                      std::vector<std::string> command) {
    command.insert(command.end(), {"-o", folder_ / name});
    const AppRun run = Ask(std::move(command));
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return Contents(folder_ / name);
  }

  static RealServer* server_;
  const TempFolder folder_;
};
RealServer* ClientRunsTest::server_ = nullptr;

// As it lies there, but for its steps.
TEST_F(ClientRunsTest, EveryExampleRuns) {
  std::set<std::string> examples;
  for (const auto& entry : fs::directory_iterator("docs/examples")) {
    if (entry.path().extension() == ".textproto")
      examples.insert(entry.path().string());
  }
  EXPECT_GE(examples.size(), 14u);
  for (const std::string& example : examples) {
    const AppRun run = Ask({"submit", example, "--set", "steps=1", "--watch"});
    EXPECT_EQ(run.exit_code, 0) << example << ": " << run.err;
  }
}

TEST_F(ClientRunsTest, APictureMakesItselfAgain) {
  const std::string first =
      Picture("a.png", {"feature", "--layer", "mixed4b", "--channel", "7",
                        "--size", "32", "--steps", "2", "--seed", "5"});
  ASSERT_FALSE(first.empty());
  const std::string from = folder_ / "a.png";
  EXPECT_EQ(Picture("b.png", {"again", from}), first);
  EXPECT_EQ(Picture("c.png", {"submit", from}), first);
  const std::string other = Picture("d.png", {"again", from, "--seed", "6"});
  EXPECT_NE(other, first);
  EXPECT_EQ(
      Picture("e.png", {"again", folder_ / "d.png", "--seed", "5"}).size() > 0,
      true);
  const auto back = DecodePixels(Contents(folder_ / "e.png")),
             once = DecodePixels(first), changed = DecodePixels(other);
  EXPECT_EQ(back->pixels, once->pixels);
  EXPECT_NE(changed->pixels, once->pixels);
  const auto spec = ReadPictureSpec(first, "a.png");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->command(),
            "phosphene feature --layer mixed4b --channel 7 --size 32 --steps 2 "
            "--seed 5");
}

TEST_F(ClientRunsTest, EveryKindOfPngTellsItsSpec) {
  const std::string outputs =
      "outputs { name: 'a.png' png {} } outputs { name: 'b.png' contact_sheet "
      "{} } ";
  Put(folder_ / "flat.textproto",
      absl::StrCat("parameterization { width: 8 pixel {} } steps: 1 objectives "
                   "{ weight: -1 l2 {} } ",
                   outputs));
  Put(folder_ / "knot.obj", Contents("docs/examples/knot.obj"));
  Put(folder_ / "object.textproto",
      absl::StrCat("parameterization { width: 16 texture { mesh: "
                   "'file:knot.obj' atlas_size: 64 pixel {} } } steps: 1 "
                   "objectives { weight: -1 l2 {} } ",
                   outputs,
                   "outputs { name: 'c.png' atlas {} } outputs { name: 'm.obj' "
                   "obj {} }"));
  for (const std::string name : {"flat", "object"}) {
    const AppRun run =
        Ask({"submit", folder_ / (name + ".textproto"), "-o",
             folder_ / (name + "-a.png"), "-o", folder_ / (name + "-b.png")});
    EXPECT_EQ(run.exit_code, 0) << run.err;
  }
  const AppRun all = Ask({"submit", folder_ / "object.textproto", "-o",
                          folder_ / "x-a.png", "-o", folder_ / "x-b.png", "-o",
                          folder_ / "x-c.png", "-o", folder_ / "m.obj"});
  EXPECT_EQ(all.exit_code, 0) << all.err;
  int pictures = 0;
  for (const auto& entry : fs::directory_iterator(folder_.path())) {
    if (entry.path().extension() != ".png") continue;
    ++pictures;
    const auto spec = LoadSpec(entry.path().string());
    ASSERT_TRUE(spec.ok()) << spec.status();
    EXPECT_GE(spec->spec.outputs_size(), 2) << entry.path();
  }
  EXPECT_EQ(pictures, 8);
}

// The last values of a run's terms, as --history writes them.
std::vector<double> LastTerms(const std::string& csv) {
  const std::vector<std::string> lines =
      absl::StrSplit(Contents(csv), '\n', absl::SkipEmpty());
  std::vector<double> out;
  for (absl::string_view cell : absl::StrSplit(lines.back(), ','))
    EXPECT_TRUE(absl::SimpleAtod(cell, &out.emplace_back())) << cell;
  return out;
}

// The weights of the distances are measured; a network that is trained anew
// needs them measured anew.
TEST_F(ClientRunsTest, TheEmbeddedNetworksStyleIsBalancedWithTheContent) {
  const std::string csv = folder_ / "h.csv";
  for (const char* distance : {"l1", "l2", "squared", "w2"}) {
    const AppRun run = Ask({"style", "--content", "docs/examples/photo.jpg",
                            "--style", "docs/examples/painting.jpg", "--size",
                            "96x72", "--steps", "1", "--distance", distance,
                            "--history", csv, "-o", folder_ / "s.png"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    const std::vector<double> terms = LastTerms(csv);
    ASSERT_EQ(terms.size(), 4u);
    const double content = -100 * terms[2], style = content + terms[1];
    EXPECT_GT(-style, 0.4 * content) << distance << terms[1];
    EXPECT_LT(-style, 10 * content) << distance;
  }
}

TEST_F(ClientRunsTest, AStyleCanBeTriedOut) {
  const AppRun run = Ask({"style", "--content", "docs/examples/photo.jpg",
                          "--style", "docs/examples/painting.jpg", "--steps",
                          "1", "--try", "-o", folder_ / "sheet.png"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto sheet = DecodePixels(Contents(folder_ / "sheet.png"));
  ASSERT_TRUE(sheet.ok());
  EXPECT_EQ(sheet->width, 3 * 192 + 2 * 4);
  EXPECT_EQ(sheet->height, 3 * 144 + 2 * 4);
  EXPECT_THAT(run.out, HasSubstr("--style-weight 3"));
  EXPECT_THAT(run.out, HasSubstr("the default"));
}

}  // namespace
}  // namespace phosphene::client
