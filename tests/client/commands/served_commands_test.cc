#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/base/failure.h"
#include "client/view/image_size.h"
#include "client/view/pixels.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/sha256.h"
#include "tests/client/run_app.h"
#include "tests/client/scripted_server.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string NameOf(const std::string& bytes) {
  return "blobs/" + Sha256Hex(bytes);
}

// Whole commands against a server that says what the test wants.
class ServedCommandsTest : public testing::Test {
 protected:
  AppRun Ask(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--server", server_.address()});
    return RunCli(arguments);
  }

  // The job ends so, with one PNG named as the commands name it.
  void EndWith(v1::Job::State state) {
    const std::string png = PngOf(Pixels::Make(8, 4, 3));
    server_.blobs[NameOf(png)] = png;
    v1::JobEvent event;
    event.set_sequence(1);
    v1::Job& job = *event.mutable_job();
    job.set_name("jobs/made");
    job.set_state(state);
    if (state == v1::Job::FAILED) {
      job.mutable_error()->set_code(
          static_cast<int>(absl::StatusCode::kResourceExhausted));
      job.mutable_error()->set_message("out of memory");
    } else {
      v1::Artifact& artifact = *job.add_artifacts();
      artifact.set_name("image.png");
      artifact.set_blob(NameOf(png));
      artifact.set_size_bytes(static_cast<int64_t>(png.size()));
      artifact.set_width(8);
      artifact.set_height(4);
    }
    server_.watches = {{{event}, {}}};
    server_.job = job;
  }

  std::vector<std::string> Feature() const {
    return {"feature", "--layer", "a", "-o", folder_ / "f.png"};
  }

  const TempFolder folder_;
  ScriptedServer server_;
};

TEST_F(ServedCommandsTest, FeatureMakesAJobAndFetchesItsPicture) {
  EndWith(v1::Job::SUCCEEDED);
  std::vector<std::string> command = Feature();
  command.insert(command.end(), {"--label", "k=v", "--priority", "3"});
  const AppRun run = Ask(command);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("f.png  (8 x 4"));
  EXPECT_EQ(ImageFileSize(folder_ / "f.png")->width, 8);
  ASSERT_EQ(server_.created.size(), 1u);
  EXPECT_EQ(server_.created[0].request_id().size(), 36u);
  EXPECT_EQ(server_.created[0].job().labels().at("k"), "v");
  EXPECT_EQ(server_.created[0].job().priority(), 3);
}

TEST_F(ServedCommandsTest, ACreationTriedAgainKeepsItsRequestId) {
  EndWith(v1::Job::SUCCEEDED);
  server_.create_unavailable = 2;
  EXPECT_EQ(Ask(Feature()).exit_code, 0);
  ASSERT_EQ(server_.created.size(), 3u);
  EXPECT_EQ(server_.created[0].request_id(), server_.created[2].request_id());
}

TEST_F(ServedCommandsTest, FaultsOfTheSpecAreToldByFlag) {
  server_.create_error =
      RichError(grpc::StatusCode::INVALID_ARGUMENT, "bad spec",
                "spec.objectives[0].channel.layer",
                "no layer \"a\"; nearest \"mixed4a\"");
  const AppRun run = Ask(Feature());
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_EQ(run.err, "error: --layer: no layer \"a\"; nearest \"mixed4a\"\n");
  std::vector<std::string> json = Feature();
  json.insert(json.begin(), "--json");
  EXPECT_THAT(Ask(json).out, AllOf(HasSubstr(R"("flag":"--layer")"),
                                   HasSubstr(R"("reason":"TEST_REASON")")));
}

TEST_F(ServedCommandsTest, AFailedJobIsOneAndACancelledOneFour) {
  EndWith(v1::Job::FAILED);
  const AppRun failed = Ask(Feature());
  EXPECT_EQ(failed.exit_code, kExitJobFailed);
  EXPECT_THAT(failed.err, HasSubstr("out of memory"));
  EndWith(v1::Job::CANCELLED);
  const AppRun cancelled = Ask(Feature());
  EXPECT_EQ(cancelled.exit_code, kExitCancelled);
  // What there was is kept.
  EXPECT_EQ(ImageFileSize(folder_ / "f.png")->width, 8);
}

TEST_F(ServedCommandsTest, DetachPrintsTheNameAlone) {
  std::vector<std::string> command = Feature();
  command.push_back("--detach");
  EXPECT_EQ(Ask(command).out, "jobs/made\n");
  EXPECT_TRUE(server_.watched_after.empty());
}

TEST_F(ServedCommandsTest, WithJsonEveryLineIsAnObject) {
  EndWith(v1::Job::SUCCEEDED);
  std::vector<std::string> command = Feature();
  command.push_back("--json");
  const AppRun run = Ask(command);
  EXPECT_THAT(run.out,
              StartsWith(R"({"sequence":"1","job":{"name":"jobs/made")"));
  EXPECT_THAT(run.out, HasSubstr(R"({"saved":{"file":")"));
  EXPECT_EQ(run.err, "");
}

TEST_F(ServedCommandsTest, ImagesOfFlagsAreUploadedAndNamedInTheSpec) {
  EndWith(v1::Job::SUCCEEDED);
  const std::string photo = PngOf(Pixels::Make(4, 4, 3));
  Put(folder_ / "photo.png", photo);
  std::vector<std::string> command = Feature();
  command.insert(command.end(), {"--start-from", folder_ / "photo.png"});
  EXPECT_EQ(Ask(command).exit_code, 0);
  EXPECT_EQ(server_.created[0].job().spec().parameterization().init().image(),
            NameOf(photo));
  EXPECT_EQ(server_.blobs[NameOf(photo)], photo);
}

TEST_F(ServedCommandsTest, AMissingImageIsNamedBeforeAnyJob) {
  std::vector<std::string> command = Feature();
  command.insert(command.end(), {"--start-from", folder_ / "none.png"});
  const AppRun run = Ask(command);
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_THAT(run.err, HasSubstr("none.png"));
  EXPECT_TRUE(server_.created.empty());
}

TEST_F(ServedCommandsTest, SubmitTakesSpecsRelativeToTheirFolder) {
  EndWith(v1::Job::SUCCEEDED);
  Put(folder_ / "p.png", "bytes");
  Put(folder_ / "spec.textproto",
      "parameterization { init { image: 'file:p.png' } } outputs { name: "
      "'image.png' png {} }");
  const AppRun run = Ask({"submit", folder_ / "spec.textproto", "--set",
                          "steps=7", "-o", folder_ / "o.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(server_.created[0].job().spec().steps(), 7);
  EXPECT_EQ(server_.created[0].job().spec().parameterization().init().image(),
            NameOf("bytes"));
  EXPECT_EQ(ImageFileSize(folder_ / "o.png")->width, 8);
}

TEST_F(ServedCommandsTest, ResultFetchesByNameAndListsWhatThereIs) {
  EndWith(v1::Job::SUCCEEDED);
  EXPECT_EQ(Ask({"jobs", "result", "made", "-o", folder_ / "r.png"}).exit_code,
            0);
  EXPECT_EQ(ImageFileSize(folder_ / "r.png")->height, 4);
  const AppRun wrong = Ask({"jobs", "result", "made", "--artifact", "x"});
  EXPECT_EQ(wrong.exit_code, kExitUsage);
  EXPECT_THAT(wrong.err, HasSubstr("allowed \"image.png\""));
  EXPECT_EQ(Ask({"jobs", "result", "other"}).exit_code, kExitUsage);
}

TEST_F(ServedCommandsTest, ModelsAddUploadsAndShowsTheNotes) {
  Put(folder_ / "My Net.onnx", "onnx");
  const AppRun run = Ask({"models", "add", folder_ / "My Net.onnx", "--bgr",
                          "--mean", "104,117,123", "--range", "-1,1"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(server_.models_created.size(), 1u);
  EXPECT_EQ(server_.models_created[0].model_id(), "my-net");
  EXPECT_EQ(server_.models_created[0].blob(), NameOf("onnx"));
  EXPECT_DOUBLE_EQ(server_.models_created[0].model().config().range_lo(), -1);
  EXPECT_THAT(run.out, HasSubstr("range inferred from the file's name"));
}

TEST_F(ServedCommandsTest, ModelsAddSendsWeightsInAnotherFileAlong) {
  onnx::ModelProto model;
  onnx::TensorProto* tensor = model.mutable_graph()->add_initializer();
  tensor->set_data_location(onnx::TensorProto::EXTERNAL);
  auto* location = tensor->add_external_data();
  location->set_key("location");
  location->set_value("net.onnx.data");
  Put(folder_ / "net.onnx", model.SerializeAsString());
  EXPECT_THAT(Ask({"models", "add", folder_ / "net.onnx"}).err,
              HasSubstr("\"net.onnx.data\", which is not beside the model"));
  Put(folder_ / "net.onnx.data", "weights");
  const AppRun run = Ask({"models", "add", folder_ / "net.onnx"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(server_.models_created.size(), 1u);
  onnx::ModelProto sent;
  ASSERT_TRUE(
      sent.ParseFromString(server_.blobs[server_.models_created[0].blob()]));
  EXPECT_EQ(sent.graph().initializer(0).raw_data(), "weights");
}

TEST_F(ServedCommandsTest, ASheetOfALargeLayerIsJoinedFromSeveralJobs) {
  EndWith(v1::Job::SUCCEEDED);
  v1::Layer layer;
  layer.set_name("mixed4a");
  layer.set_channels(100);
  server_.layers = {layer};
  const AppRun run = Ask({"sheet", "--layer", "mixed4a", "--columns", "10",
                          "-o", folder_ / "s.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(server_.created.size(), 2u);
  EXPECT_EQ(server_.created[0].job().spec().parameterization().rows(), 60);
  EXPECT_EQ(server_.created[1].job().spec().parameterization().rows(), 40);
  EXPECT_EQ(server_.created[1].job().spec().objectives(39).channel().channel(),
            99);
  // Two pictures of 4 lines and the gap between them.
  EXPECT_EQ(ImageFileSize(folder_ / "s.png")->height, 12);
}

TEST_F(ServedCommandsTest, TheLastPartOfASheetMayBeShorterThanALine) {
  EndWith(v1::Job::SUCCEEDED);
  const AppRun run = Ask({"sheet", "--layer", "a", "--count", "66", "--columns",
                          "64", "-o", folder_ / "s.png"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  ASSERT_EQ(server_.created.size(), 2u);
  const auto columns = [&](size_t i) {
    return server_.created[i].job().spec().outputs(0).contact_sheet().columns();
  };
  EXPECT_EQ(columns(0), 64);
  EXPECT_EQ(columns(1), 2);
}

TEST_F(ServedCommandsTest, AnUnknownLayerOfASheetIsAnsweredWithTheNearest) {
  v1::Layer layer;
  layer.set_name("mixed4a");
  server_.layers = {layer};
  const AppRun run = Ask({"sheet", "--layer", "mixd4a"});
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_THAT(run.err, HasSubstr("--layer: no layer \"mixd4a\""));
  EXPECT_THAT(run.err, HasSubstr("nearest \"mixed4a\""));
}

TEST_F(ServedCommandsTest, StyleAsksTheModelForItsLayers) {
  for (const char* name : {"conv1", "conv2", "mixed3a", "mixed3b", "mixed4a",
                           "mixed4b", "mixed4c"}) {
    v1::Layer layer;
    layer.set_name(name);
    server_.layers.push_back(layer);
  }
  Put(folder_ / "c.png", PngOf(Pixels::Make(40, 30, 3)));
  const AppRun run = Ask({"style", "--content", folder_ / "c.png", "--style",
                          "s.png", "--spec-only"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("width: 40"), HasSubstr("height: 30"),
                             HasSubstr("layer: \"mixed3b\"")));
}

TEST_F(ServedCommandsTest, FaultsOfASubmittedSpecAreToldByField) {
  server_.create_error =
      RichError(grpc::StatusCode::INVALID_ARGUMENT, "bad",
                "spec.outputs[0].jpeg.quality", "500 is not in 1..100");
  Put(folder_ / "spec.textproto", "outputs { jpeg { quality: 500 } }");
  const std::vector<std::string> submit = {"submit", folder_ / "spec.textproto",
                                           "-o", folder_ / "o.jpg"};
  const AppRun run = Ask(submit);
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_EQ(run.err,
            "error: spec.outputs[0].jpeg.quality: 500 is not in 1..100\n");
  // The same fault of a command is told by its flag.
  EXPECT_EQ(Ask(Feature()).err, "error: -o: 500 is not in 1..100\n");
}

TEST_F(ServedCommandsTest, ACommandTheServerLacksSaysSoBeforeAnyUpload) {
  server_.capabilities.set_version("9.9");
  server_.capabilities.add_parameterizations("pixel");
  Put(folder_ / "m.obj", "mesh");
  const std::vector<std::string> texture = {"texture", "--mesh",
                                            folder_ / "m.obj", "--layer", "a"};
  const AppRun run = Ask(texture);
  EXPECT_EQ(run.exit_code, kExitUsage);
  EXPECT_THAT(run.err, AllOf(HasSubstr("(9.9) was built without \"texture\", "
                                       "which `phosphene texture` needs"),
                             HasSubstr("parameterizations: \"pixel\"")));
  EXPECT_TRUE(server_.blobs.empty());
  EXPECT_TRUE(server_.created.empty());
  server_.capabilities.add_parameterizations("texture");
  EXPECT_EQ(
      Ask({"texture", "--mesh", folder_ / "m.obj", "--layer", "a", "--detach"})
          .exit_code,
      0);
  EXPECT_EQ(server_.created.size(), 1u);
}

TEST_F(ServedCommandsTest, ADashSendsTheBytesAloneToStandardOutput) {
  EndWith(v1::Job::SUCCEEDED);
  const AppRun run = Ask({"feature", "--layer", "a", "-o", "-"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, server_.blobs.begin()->second);
  EXPECT_THAT(run.err, HasSubstr("standard output  (8 x 4"));
  EXPECT_EQ(Ask({"jobs", "result", "made", "-o", "-"}).out, run.out);
  EXPECT_EQ(Ask({"--quiet", "jobs", "result", "made", "-o", "-"}).err, "");
  const AppRun json = Ask({"--json", "jobs", "result", "made", "-o", "-"});
  EXPECT_EQ(json.exit_code, kExitUsage);
  EXPECT_THAT(json.out, HasSubstr("both want standard output"));
  EXPECT_THAT(Ask({"feature", "--layer", "a", "-o", "-", "-o", "-"}).err,
              HasSubstr("may stand once"));
}

TEST_F(ServedCommandsTest, HealthIsZeroOrThree) {
  const AppRun well = Ask({"health"});
  EXPECT_EQ(well.exit_code, 0) << well.err;
  EXPECT_EQ(well.out, "serving\n");
  EXPECT_EQ(Ask({"--json", "health"}).out, "{\"health\":\"SERVING\"}\n");
  const AppRun unknown = Ask({"health", "--service", "no.Such"});
  EXPECT_EQ(unknown.exit_code, kExitUsage);
  EXPECT_THAT(unknown.err, HasSubstr("--service: the server at"));
  server_.SetServing(false);
  const AppRun ill = Ask({"health"});
  EXPECT_EQ(ill.exit_code, kExitUnreachable);
  EXPECT_THAT(ill.err, HasSubstr("does not serve"));
}

TEST_F(ServedCommandsTest, ListsLeaveSpecsOutUnlessAsked) {
  v1::Job job;
  job.set_name("jobs/a");
  job.set_state(v1::Job::PAUSING);
  job.mutable_spec()->set_model("models/net");
  server_.jobs = {job};
  EXPECT_THAT(Ask({"jobs", "list"}).out,
              AllOf(HasSubstr("pausing"), HasSubstr("net")));
  EXPECT_EQ(Ask({"jobs", "list", "--full"}).exit_code, 0);
  ASSERT_EQ(server_.listed.size(), 2u);
  EXPECT_EQ(server_.listed[0].view(), v1::ListJobsRequest::BASIC);
  EXPECT_EQ(server_.listed[1].view(), v1::ListJobsRequest::FULL);
}

// Of a server that is newer than this program.
TEST_F(ServedCommandsTest, AStateNobodyHereKnowsIsShownAsUnknown) {
  EndWith(v1::Job::SUCCEEDED);
  v1::JobEvent strange;
  strange.set_sequence(1);
  strange.mutable_job()->set_name("jobs/made");
  strange.mutable_job()->set_state(static_cast<v1::Job::State>(99));
  server_.watches[0].events.insert(server_.watches[0].events.begin(), strange);
  server_.watches[0].events[1].set_sequence(2);
  const AppRun run = Ask(Feature());
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("jobs/made unknown"));
  server_.jobs = {strange.job()};
  EXPECT_THAT(Ask({"jobs", "list"}).out, HasSubstr("unknown"));
  EXPECT_EQ(Ask({"--json", "jobs", "list"}).exit_code, 0);
}

TEST_F(ServedCommandsTest, DevicesTellTheirLanesAndTheJobsOnThem) {
  const auto add = [&](const char* name, std::vector<std::string> jobs) {
    v1::Device& device = *server_.devices.add_devices();
    device.set_name(name);
    device.set_lanes(8);
    device.set_memory_bytes(int64_t{4} << 30);
    device.set_memory_used_bytes(int64_t{1} << 30);
    for (const std::string& job : jobs) device.add_current_jobs(job);
    if (!jobs.empty()) device.set_current_job(jobs[0]);
  };
  add("devices/idle", {});
  add("devices/one", {"jobs/a"});
  add("devices/many", {"jobs/a", "jobs/b", "jobs/c"});
  const AppRun run = Ask({"devices"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, testing::ContainsRegex("LANES +JOBS"));
  EXPECT_THAT(run.out, testing::ContainsRegex("idle .* 8 +-"));
  EXPECT_THAT(run.out, testing::ContainsRegex("one .* 8 +jobs/a"));
  EXPECT_THAT(run.out, testing::ContainsRegex("many .* 8 +3 jobs"));
  EXPECT_THAT(Ask({"--json", "devices"}).out,
              HasSubstr(R"("current_jobs":["jobs/a","jobs/b","jobs/c"])"));
}

}  // namespace
}  // namespace phosphene::client
