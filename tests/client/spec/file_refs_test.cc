#include "client/spec/file_refs.h"

#include <gtest/gtest.h>

#include "client/base/failure.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {
namespace {

v1::JobSpec TwoImages() {
  v1::JobSpec spec;
  spec.mutable_parameterization()->mutable_init()->set_image("file:a.png");
  auto* style = spec.add_objectives()->mutable_gram_style();
  style->add_styles()->set_image("blobs/12");
  style->add_styles()->set_image("file:b.png");
  spec.add_objectives()->mutable_caricature()->set_image("file:a.png");
  return spec;
}

TEST(FileRefs, EachFileIsUploadedOnceAndBlobsStay) {
  v1::JobSpec spec = TwoImages();
  std::vector<std::string> uploaded;
  const absl::Status status =
      ResolveFileRefs(&spec, "spec", "folder", [&](const std::string& path) {
        uploaded.push_back(path);
        return absl::StatusOr<std::string>("blobs/of-" + path);
      });
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(uploaded,
            (std::vector<std::string>{"folder/a.png", "folder/b.png"}));
  EXPECT_EQ(spec.parameterization().init().image(), "blobs/of-folder/a.png");
  EXPECT_EQ(spec.objectives(0).gram_style().styles(0).image(), "blobs/12");
  EXPECT_EQ(spec.objectives(0).gram_style().styles(1).image(),
            "blobs/of-folder/b.png");
}

// A text that only looks so is none: labels are free.
TEST(FileRefs, OnlyFieldsThatNameBlobsAreRead) {
  v1::JobSpec spec;
  spec.add_objectives()->set_label("file:me");
  spec.add_outputs()->set_name("file:me.png");
  const absl::Status status = ResolveFileRefs(
      &spec, "spec", "",
      [](const std::string&) { return absl::NotFoundError("no such file"); });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(spec.objectives(0).label(), "file:me");
}

TEST(FileRefs, AnErrorNamesTheField) {
  v1::JobSpec spec = TwoImages();
  const absl::Status status = ResolveFileRefs(
      &spec, "spec", "",
      [](const std::string&) { return absl::NotFoundError("no such file"); });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(), "spec.parameterization.init.image: no such file");
  // As a server tells it, so that a command names its flag.
  const google::rpc::BadRequest bad = BadRequestOf(status);
  ASSERT_EQ(bad.field_violations_size(), 1);
  EXPECT_EQ(bad.field_violations(0).field(),
            "spec.parameterization.init.image");
  EXPECT_EQ(bad.field_violations(0).description(), "no such file");
}

TEST(FileRefs, AServerThatDoesNotAnswerIsNoFaultOfTheField) {
  v1::JobSpec spec = TwoImages();
  const absl::Status status =
      ResolveFileRefs(&spec, "spec", "", [](const std::string&) {
        return absl::UnavailableError("no server answers");
      });
  EXPECT_EQ(ExitCodeOf(status), kExitUnreachable);
  EXPECT_EQ(BadRequestOf(status).field_violations_size(), 0);
}

TEST(FileRefs, AbsolutePathsIgnoreTheFolder) {
  v1::JobSpec spec;
  spec.mutable_parameterization()->mutable_init()->set_image(
      "file:/elsewhere/a.png");
  std::string seen;
  ASSERT_TRUE(
      ResolveFileRefs(&spec, "spec", "folder", [&](const std::string& path) {
        seen = path;
        return absl::StatusOr<std::string>("blobs/1");
      }).ok());
  EXPECT_EQ(seen, "/elsewhere/a.png");
}

}  // namespace
}  // namespace phosphene::client
