#include "server/jobs/validate.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

v1::CreateJobRequest Request() {
  v1::CreateJobRequest request;
  *request.mutable_job()->mutable_spec() = FakeSpec(10);
  return request;
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const Fault& fault : FaultsOf(status)) fields.push_back(fault.field);
  return fields;
}

std::vector<std::string> BadFields(const v1::CreateJobRequest& request) {
  return FieldsOf(ValidateCreateJob(request, {}));
}

TEST(ValidateCreateJobTest, AGoodRequestPasses) {
  v1::CreateJobRequest request = Request();
  request.set_job_id("my-job-1");
  request.set_request_id("123e4567-e89b-42d3-a456-426614174000");
  (*request.mutable_job()->mutable_labels())["project.x"] = "gallery";
  request.mutable_job()->set_priority(-100);
  EXPECT_OK(ValidateCreateJob(request, {}));
}

TEST(ValidateCreateJobTest, EveryFaultIsListedAtOnce) {
  v1::CreateJobRequest request = Request();
  request.set_job_id("My Job");
  request.set_request_id("no uuid");
  (*request.mutable_job()->mutable_labels())["Key"] = "value";
  request.mutable_job()->set_priority(101);
  request.mutable_job()->mutable_spec()->set_steps(-1);
  request.mutable_job()->mutable_spec()->set_model("Models/x");
  EXPECT_THAT(BadFields(request), testing::UnorderedElementsAre(
                                      "job_id", "request_id", "labels[\"Key\"]",
                                      "priority", "spec.model", "spec.steps"));
}

TEST(ValidateCreateJobTest, AnEmptyRequestNamesWhatIsRequired) {
  EXPECT_THAT(BadFields({}), ElementsAre("spec"));
  v1::CreateJobRequest request;
  request.mutable_job()->mutable_spec();
  EXPECT_THAT(BadFields(request), ElementsAre("spec.parameterization"));
}

TEST(ValidateCreateJobTest, LabelsAreBounded) {
  v1::CreateJobRequest request = Request();
  auto& labels = *request.mutable_job()->mutable_labels();
  labels["long"] = std::string(257, 'x');
  labels["nul"] = std::string(1, '\0');
  labels[std::string(64, 'k')] = "";
  EXPECT_THAT(BadFields(request),
              testing::UnorderedElementsAre(
                  "labels[\"long\"]", "labels[\"nul\"]",
                  absl::StrCat("labels[\"", std::string(64, 'k'), "\"]")));
  request = Request();
  for (int i = 0; i < 65; ++i)
    (*request.mutable_job()->mutable_labels())[absl::StrCat("k", i)] = "";
  EXPECT_THAT(BadFields(request), ElementsAre("labels"));
}

TEST(ValidateCreateJobTest, NumbersAreHeldToTheirRanges) {
  struct Case {
    const char* field;
    void (*spoil)(v1::JobSpec&);
  };
  const Case cases[] = {
      {"spec.steps", [](auto& s) { s.set_steps(1'000'001); }},
      {"spec.parameterization.width",
       [](auto& s) { s.mutable_parameterization()->set_width(100'000); }},
      {"spec.parameterization.width",
       [](auto& s) { s.mutable_parameterization()->set_width(-1); }},
      {"spec.parameterization.height",
       [](auto& s) { s.mutable_parameterization()->set_height(32'769); }},
      {"spec.parameterization.rows",
       [](auto& s) { s.mutable_parameterization()->set_rows(257); }},
      {"spec.parameterization.channels",
       [](auto& s) { s.mutable_parameterization()->set_channels(65); }},
      {"spec.parameterization.width",
       [](auto& s) {
         s.mutable_parameterization()->set_width(32'768);
         s.mutable_parameterization()->set_rows(2);
       }},
      {"spec.objectives[0].row",
       [](auto& s) { s.mutable_objectives(0)->set_row(1); }},
      {"spec.objectives[0].label",
       [](auto& s) {
         s.mutable_objectives(0)->set_label(std::string(129, 'x'));
       }},
      {"spec.frames.every", [](auto& s) { s.mutable_frames()->set_every(-1); }},
      {"spec.frames.max_size",
       [](auto& s) { s.mutable_frames()->set_max_size(15); }},
      {"spec.frames.quality",
       [](auto& s) { s.mutable_frames()->set_quality(101); }},
      {"spec.frames.keep_every",
       [](auto& s) { s.mutable_frames()->set_keep_every(-2); }},
      {"spec.checkpoint_every", [](auto& s) { s.set_checkpoint_every(-1); }},
      {"spec.gradient_overrides.redirect_steps",
       [](auto& s) { s.mutable_gradient_overrides()->set_redirect_steps(-1); }},
      {"spec.outputs[0].width",
       [](auto& s) {
         s.add_outputs()->mutable_png();
         s.mutable_outputs(0)->set_width(40'000);
       }},
      {"spec.outputs[0].row",
       [](auto& s) {
         s.add_outputs()->mutable_png();
         s.mutable_outputs(0)->set_row(-2);
       }},
      {"spec.outputs[0].jpeg.quality",
       [](auto& s) { s.add_outputs()->mutable_jpeg()->set_quality(101); }},
      {"spec.outputs[0].webp.quality",
       [](auto& s) { s.add_outputs()->mutable_webp()->set_quality(-1); }},
      {"spec.outputs[0].animated_webp.frames_per_second",
       [](auto& s) {
         s.add_outputs()->mutable_animated_webp()->set_frames_per_second(61);
       }},
      {"spec.outputs[0].contact_sheet.columns",
       [](auto& s) {
         s.add_outputs()->mutable_contact_sheet()->set_columns(257);
       }},
      {"spec.outputs[0].contact_sheet.gap",
       [](auto& s) { s.add_outputs()->mutable_contact_sheet()->set_gap(65); }},
  };
  for (const Case& one : cases) {
    v1::CreateJobRequest request = Request();
    one.spoil(*request.mutable_job()->mutable_spec());
    EXPECT_THAT(BadFields(request), ElementsAre(one.field));
  }
}

TEST(ValidateCreateJobTest, CountsAreBounded) {
  v1::CreateJobRequest request = Request();
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  for (int i = 0; i < 65; ++i) {
    spec.add_transforms()->mutable_flip();
    *spec.add_objectives() = spec.objectives(0);
  }
  for (int i = 0; i < 17; ++i) spec.add_outputs()->mutable_png();
  EXPECT_THAT(
      BadFields(request),
      ElementsAre("spec.transforms", "spec.objectives", "spec.outputs"));
}

TEST(ValidateCreateJobTest, KeptFramesAreBounded) {
  v1::CreateJobRequest request = Request();
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  spec.set_steps(100'000);
  spec.mutable_frames()->set_every(1);
  spec.mutable_frames()->set_keep_every(10);
  EXPECT_THAT(BadFields(request), IsEmpty());
  spec.mutable_frames()->set_keep_every(9);
  EXPECT_THAT(BadFields(request), ElementsAre("spec.frames.keep_every"));
}

TEST(ValidateCreateJobTest, NamesOfOutputsAreUniqueFileNames) {
  v1::CreateJobRequest request = Request();
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  for (const char* name : {"a.png", "a.png", "../x", "", ""}) {
    v1::Output& output = *spec.add_outputs();
    output.set_name(name);
    output.mutable_png();
  }
  EXPECT_THAT(BadFields(request),
              testing::UnorderedElementsAre("spec.outputs[1].name",
                                            "spec.outputs[2].name"));
}

TEST(ValidateCreateJobTest, ALargeSpecIsRefusedByItsSizeAlone) {
  v1::CreateJobRequest request = Request();
  v1::DirectionObjective* direction = request.mutable_job()
                                          ->mutable_spec()
                                          ->mutable_objectives(0)
                                          ->mutable_direction();
  for (int i = 0; i < 5'000'000; ++i) direction->add_vector(1);
  const absl::Status status = ValidateCreateJob(request, {});
  EXPECT_THAT(status,
              StatusIs(StatusCode::kInvalidArgument, "at most 8388608"));
  EXPECT_THAT(FieldsOf(status), ElementsAre("spec"));
}

TEST(ValidateCreateJobTest, MissingBlobsAreNamed) {
  const auto blobs = OpenBlobStore("memory", {}).value();
  v1::CreateJobRequest request = Request();
  std::string& image = *request.mutable_job()
                            ->mutable_spec()
                            ->mutable_parameterization()
                            ->mutable_mask()
                            ->mutable_image();
  image = blobs->Put("a mask").value().name;
  ValidationContext context;
  context.blobs = blobs.get();
  EXPECT_OK(ValidateCreateJob(request, context));
  image = BlobNameOf("not stored");
  EXPECT_THAT(
      ValidateCreateJob(request, context),
      StatusIs(StatusCode::kNotFound,
               ("spec.parameterization.mask.image: no blob " + image).c_str()));
}

TEST(ValidateCreateJobTest, AMissingModelIsNamedLikeAMissingBlob) {
  ValidationContext context;
  context.find_model = [](absl::string_view name) {
    return WithReason(absl::NotFoundError("no model \"fake\""),
                      "MODEL_NOT_FOUND");
  };
  const absl::Status status = ValidateCreateJob(Request(), context);
  EXPECT_THAT(status,
              StatusIs(StatusCode::kNotFound, "spec.model: no model \"fake\""));
  EXPECT_EQ(ReasonOf(status), "MODEL_NOT_FOUND");
  EXPECT_THAT(FieldsOf(status), ElementsAre("spec.model"));
}

// What rules, relations, blob store, model catalog and engine find stands in
// one answer, once.
TEST(ValidateCreateJobTest, AllLevelsAreInOneAnswer) {
  const auto blobs = OpenBlobStore("memory", {}).value();
  ValidationContext context;
  context.blobs = blobs.get();
  context.find_model = [](absl::string_view) {
    return absl::NotFoundError("no model");
  };
  context.engine_check = [](const v1::JobSpec&) {
    Faults faults;
    faults.Add("spec.steps", "the engine does not like them either");
    faults.Add("spec.model", "no model for the engine");
    faults.Add("spec.objectives[0].channel.layer", "no layer \"conv1\"");
    return faults.ToStatus();
  };
  v1::CreateJobRequest request = Request();
  request.set_job_id("1");
  v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
  spec.set_steps(-1);
  spec.mutable_objectives(0)->set_row(7);
  for (int i = 0; i < 2; ++i) {
    spec.add_objectives()->mutable_gram_style()->set_mask(
        BlobNameOf("not stored"));
    auto& style = *spec.mutable_objectives(i + 1)->mutable_gram_style();
    style.add_layers()->set_layer("conv1");
    style.add_styles()->set_image(BlobNameOf("not stored"));
  }
  const absl::Status status = ValidateCreateJob(request, context);
  EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(FieldsOf(status),
              testing::UnorderedElementsAre(
                  "job_id", "spec.steps", "spec.objectives[0].row",
                  "spec.objectives[0].channel.layer", "spec.model",
                  "spec.objectives[1].gram_style.mask",
                  "spec.objectives[1].gram_style.styles[0].image",
                  "spec.objectives[2].gram_style.mask",
                  "spec.objectives[2].gram_style.styles[0].image"));
}

TEST(ValidateCreateJobTest, WhatIsOnlyUnimplementedOrAnAccidentKeepsItsCode) {
  ValidationContext context;
  absl::Status answer = absl::UnimplementedError("arm texture");
  context.engine_check = [&](const v1::JobSpec&) { return answer; };
  EXPECT_THAT(ValidateCreateJob(Request(), context),
              StatusIs(StatusCode::kUnimplemented, "texture"));
  answer = absl::InternalError("an accident");
  EXPECT_THAT(ValidateCreateJob(Request(), context),
              StatusIs(StatusCode::kInternal, "an accident"));
  v1::CreateJobRequest bad = Request();
  bad.set_job_id("1");
  EXPECT_THAT(ValidateCreateJob(bad, context),
              StatusIs(StatusCode::kInvalidArgument, "job_id"));
}

// Every field that holds a blob, set to "" where it then stands: as an arm or
// an entry. Plain fields are unset by "".
TEST(ValidateCreateJobTest, AnEmptyBlobNameIsRefused) {
  const auto bad = [](auto spoil) {
    v1::CreateJobRequest request = Request();
    spoil(*request.mutable_job()->mutable_spec());
    return BadFields(request);
  };
  EXPECT_THAT(bad([](v1::JobSpec& s) {
                s.mutable_parameterization()->mutable_init()->set_image("");
              }),
              ElementsAre("spec.parameterization.init.image"));
  EXPECT_THAT(
      bad([](v1::JobSpec& s) {
        s.mutable_parameterization()->mutable_init()->set_checkpoint("");
      }),
      ElementsAre("spec.parameterization.init.checkpoint"));
  EXPECT_THAT(
      bad([](v1::JobSpec& s) { s.mutable_parameterization()->mutable_mask(); }),
      ElementsAre("spec.parameterization.mask.image"));
  EXPECT_THAT(bad([](v1::JobSpec& s) {
                s.mutable_parameterization()
                    ->mutable_phase()
                    ->mutable_measured()
                    ->add_images("");
              }),
              ElementsAre("spec.parameterization.phase.measured.images[0]"));
  EXPECT_THAT(bad([](v1::JobSpec& s) {
                auto& match =
                    *s.mutable_objectives(0)->mutable_activation_match();
                match.set_layer("conv1");
                match.set_image("");
              }),
              ElementsAre("spec.objectives[0].activation_match.image"));
}

TEST(ValidateUpdateJobTest, OnlyLabelsAndPriorityChange) {
  v1::UpdateJobRequest request;
  request.mutable_job()->set_name("jobs/a");
  for (const char* path : {"labels", "priority", "*"})
    request.mutable_update_mask()->add_paths(path);
  EXPECT_OK(ValidateUpdateJob(request, {}));
  request.mutable_update_mask()->add_paths("spec");
  request.mutable_job()->set_priority(1000);
  request.mutable_job()->set_name("a");
  EXPECT_THAT(FieldsOf(ValidateUpdateJob(request, {})),
              ElementsAre("name", "update_mask", "priority"));
}

TEST(NamesTest, JobNames) {
  EXPECT_OK(CheckJobName("jobs/a-1"));
  for (const char* name :
       {"", "jobs/", "jobs/A", "a", "jobs/a/b", "models/a"}) {
    const absl::Status status = CheckJobName(name, "parent");
    EXPECT_THAT(status, StatusIs(StatusCode::kInvalidArgument)) << name;
    EXPECT_THAT(FieldsOf(status), ElementsAre("parent"));
  }
}

TEST(NamesTest, FrameNames) {
  ASSERT_OK_AND_ASSIGN(const FrameName name,
                       ParseFrameName("jobs/a/frames/32"));
  EXPECT_EQ(name.job, "jobs/a");
  EXPECT_EQ(name.step, 32);
  for (const char* bad :
       {"jobs/a/frames/", "jobs/a/frames/-1", "jobs/a/frames/03",
        "jobs/a/frames/x", "jobs/a", "jobs/a/frames/1/2",
        "jobs/a/frames/99999999999999999999"}) {
    EXPECT_THAT(ParseFrameName(bad), StatusIs(StatusCode::kInvalidArgument))
        << bad;
  }
}

TEST(PageSizeTest, ZeroIsTheDefaultAndLargeOnesAreCut) {
  EXPECT_THAT(PageSize(0), IsOkAndHolds(50));
  EXPECT_THAT(PageSize(7), IsOkAndHolds(7));
  EXPECT_THAT(PageSize(5000), IsOkAndHolds(1000));
  EXPECT_THAT(PageSize(-1),
              StatusIs(StatusCode::kInvalidArgument, "page_size"));
}

}  // namespace
}  // namespace phosphene
