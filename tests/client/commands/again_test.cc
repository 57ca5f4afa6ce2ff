#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/spec/spec_file.h"
#include "client/view/image_size.h"
#include "server/base/sha256.h"
#include "server/imaging/encode.h"
#include "tests/client/run_app.h"
#include "tests/client/scripted_server.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string BlobOf(const std::string& bytes) {
  return absl::StrCat("blobs/", Sha256Hex(bytes));
}

std::string PngWith(const std::string& spec, const std::string& command) {
  PngOptions options;
  options.text = {{"phosphene.spec", spec}, {"phosphene.command", command}};
  return *EncodePng(Image8{8, 4, 1, std::vector<uint8_t>(32, 7)}, options);
}

// `again`, and the command lines that pictures carry, against a server that
// says what the test wants.
class AgainTest : public testing::Test {
 protected:
  AgainTest() {
    Put(folder_ / "p.png",
        PngWith("model: 'm' seed: 3 steps: 8 outputs { name: 'image.png' png "
                "{} } outputs { name: 'w.ckpt' checkpoint {} }",
                "phosphene feature --layer a"));
    const std::string png = PngWith("", "");
    server_.blobs[BlobOf(png)] = png;
    v1::JobEvent event;
    event.set_sequence(1);
    v1::Job& job = *event.mutable_job();
    job.set_name("jobs/made");
    job.set_state(v1::Job::SUCCEEDED);
    for (const char* name : {"image.png", "w.ckpt"}) {
      v1::Artifact& artifact = *job.add_artifacts();
      artifact.set_name(name);
      artifact.set_blob(BlobOf(png));
      artifact.set_size_bytes(static_cast<int64_t>(png.size()));
    }
    server_.watches = {{{event}, {}}};
    server_.job = job;
  }

  AppRun Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    return RunCli(arguments);
  }
  const v1::JobSpec& Made() const {
    return server_.created.back().job().spec();
  }

  const TempFolder folder_;
  ScriptedServer server_;
};

TEST_F(AgainTest, SendsTheSpecOfThePictureAsItIs) {
  const AppRun run = Ask({"again", folder_ / "p.png", "-o", folder_ / "q.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(server_.created.size(), 1u);
  EXPECT_TRUE(MessageDifferencer::Equals(
      Made(),
      *ParseSpec("model: 'm' seed: 3 steps: 8 outputs { name: 'image.png' png "
                 "{} } outputs { name: 'w.ckpt' checkpoint {} } command: "
                 "'phosphene feature --layer a'",
                 "t")));
  EXPECT_EQ(ImageFileSize(folder_ / "q.png")->width, 8);
}

TEST_F(AgainTest, ChangesWhatIsSaidAndTellsTheLineThatDid) {
  const AppRun run =
      Ask({"again", folder_ / "p.png", "--seed", "9", "--steps=2", "--set",
           "model=n", "-o", folder_ / "q.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Made().seed(), 9u);
  EXPECT_EQ(Made().steps(), 2);
  EXPECT_EQ(Made().model(), "n");
  EXPECT_EQ(Made().command(),
            absl::StrCat("phosphene again ", folder_ / "p.png",
                         " --seed 9 --steps=2 --set model=n"));
}

TEST_F(AgainTest, GivesEachFileAnOutputOfItsFormat) {
  const AppRun run = Ask({"again", folder_ / "p.png", "-o", folder_ / "x.ckpt",
                          "-o", folder_ / "y.jpg"});
  EXPECT_EQ(Made().outputs_size(), 3) << run.err;
  EXPECT_TRUE(Made().outputs(2).has_jpeg());
  EXPECT_FALSE(Contents(folder_ / "x.ckpt").empty());
}

TEST_F(AgainTest, ShowsCommandAndSpecWithoutAServer) {
  const AppRun run = RunCli({"again", folder_ / "p.png", "--show"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("# phosphene feature --layer a\n"),
                             HasSubstr("seed: 3")));
  EXPECT_TRUE(ParseSpec(run.out, "shown").ok());
}

TEST_F(AgainTest, SendsLostFilesAgainOrSaysWhichTheyWere) {
  Put(folder_ / "photo.jpg", "photo");
  const std::string spec =
      absl::StrCat("parameterization { init { image: '", BlobOf("photo"),
                   "' } } outputs { name: 'image.png' png {} }");
  Put(folder_ / "p.png",
      PngWith(spec, "phosphene dream --start-from photo.jpg"));
  const std::vector<std::string> again = {"again", folder_ / "p.png", "-o",
                                          folder_ / "q.png"};
  EXPECT_EQ(Ask(again).exit_code, 0);
  EXPECT_EQ(server_.blobs[BlobOf("photo")], "photo");

  server_.blobs.erase(BlobOf("photo"));
  Put(folder_ / "photo.jpg", "another photo");
  const size_t before = server_.created.size();
  const AppRun lost = Ask(again);
  EXPECT_EQ(lost.exit_code, kExitUsage);
  EXPECT_THAT(lost.err,
              AllOf(HasSubstr("--start-from photo.jpg"),
                    HasSubstr("--set parameterization.init.image=file:PATH"),
                    HasSubstr(BlobOf("photo"))));
  EXPECT_EQ(server_.created.size(), before);

  std::vector<std::string> named = again;
  named.insert(named.end(),
               {"--set", absl::StrCat("parameterization.init.image=file:",
                                      folder_ / "photo.jpg")});
  EXPECT_EQ(Ask(named).exit_code, 0);
  EXPECT_EQ(Made().parameterization().init().image(), BlobOf("another photo"));
}

TEST_F(AgainTest, RefusesWhatCarriesNoSpec) {
  Put(folder_ / "x.jpg",
      *EncodeJpeg(Image8{8, 4, 1, std::vector<uint8_t>(32)}));
  Put(folder_ / "s.textproto", "steps: 3");
  EXPECT_THAT(Ask({"again", folder_ / "x.jpg"}).err, HasSubstr("PNG alone"));
  EXPECT_THAT(Ask({"again", folder_ / "s.textproto"}).err,
              HasSubstr("phosphene submit"));
  EXPECT_EQ(Ask({"again", folder_ / "none.png"}).exit_code, kExitUsage);
  EXPECT_TRUE(server_.created.empty());
}

TEST_F(AgainTest, SubmitTakesThePictureToo) {
  const AppRun run =
      Ask({"submit", folder_ / "p.png", "-o", folder_ / "q.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(Made().seed(), 3u);
  EXPECT_EQ(Made().command(), "phosphene feature --layer a");
  Ask({"submit", folder_ / "p.png", "--set", "seed=4"});
  EXPECT_EQ(Made().command(), absl::StrCat("phosphene submit ",
                                           folder_ / "p.png", " --set seed=4"));
}

TEST_F(AgainTest, CommandsTellTheirLineLessWhatIsOfTheServerAndTheFiles) {
  Ask({"feature", "--layer", "a", "--objective", "-tv() + channel(a:1)",
       "--token", "secret", "-o", folder_ / "f.png", "--label", "k=v",
       "--priority=3", "--quiet", "--seed", "5"});
  ASSERT_EQ(server_.created.size(), 1u);
  EXPECT_EQ(Made().command(),
            "phosphene feature --layer a --objective '-tv() + channel(a:1)' "
            "--seed 5");
  EXPECT_THAT(server_.created[0].DebugString(), Not(HasSubstr("secret")));
}

TEST_F(AgainTest, ALineThatIsTooLongOrNoTextIsLeftOut) {
  const std::string objective =
      absl::StrCat("channel(a:1)", std::string(5000, ' '));
  Ask({"feature", "--layer", "a", "--objective", objective, "-o",
       folder_ / "f.png"});
  EXPECT_EQ(Made().command(), "");
  Put(folder_ / "\xff.textproto", "steps: 3");
  Ask({"submit", folder_ / "\xff.textproto"});
  EXPECT_EQ(Made().steps(), 3);
  EXPECT_EQ(Made().command(), "");
}

TEST_F(AgainTest, SpecsThatArePrintedTellNoCommand) {
  const AppRun run = RunCli({"feature", "--layer", "a", "--spec-only"});
  EXPECT_THAT(run.out, Not(HasSubstr("command")));
}

}  // namespace
}  // namespace phosphene::client
