// The presets of `render` and `morph`.

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/presets/presets.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr char kCheckpointType[] = "application/x-phosphene-checkpoint";

// Every picture of the spec at a size.
absl::Status SetSize(const std::string& text, v1::JobSpec* spec) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Size> size = ParseSize(text);
  if (!size.ok()) return FlagError("--size", size.status().message());
  for (v1::Output& output : *spec->mutable_outputs()) {
    if (output.has_checkpoint()) continue;
    output.set_width(size->width);
    output.set_height(size->height);
  }
  return absl::OkStatus();
}

absl::Status SetBackdrop(const std::string& name, v1::JobSpec* spec) {
  if (name.empty()) return absl::OkStatus();
  const std::vector<std::string> names = {"black", "white", "checkerboard",
                                          "board"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return FlagError(
        "--over", absl::StrCat("\"", name, "\" is not allowed; allowed ",
                               QuotedList(names), NearestHint(name, names, 1)));
  }
  const auto backdrop = static_cast<v1::Output::Backdrop>(
      v1::Output::BACKDROP_BLACK + (found - names.begin()));
  for (v1::Output& output : *spec->mutable_outputs())
    output.set_backdrop(backdrop);
  return absl::OkStatus();
}

absl::string_view KindOf(const v1::Parameterization& param) {
  const auto* kinds =
      v1::Parameterization::descriptor()->FindOneofByName("kind");
  const auto* arm =
      param.GetReflection()->GetOneofFieldDescriptor(param, kinds);
  return arm == nullptr ? absl::string_view() : absl::string_view(arm->name());
}

// That `other` has tensors of the same shapes as `first`, as far as the specs
// tell; the server checks them all.
absl::Status CheckAlike(const FinishedJob& first, const FinishedJob& other) {
  const auto told = [](const FinishedJob& job) {
    return absl::StrCat(job.name, " is ", KindOf(job.parameterization));
  };
  if (KindOf(first.parameterization) != KindOf(other.parameterization)) {
    return UsageError(absl::StrCat(
        "a morph needs jobs of one kind: ", told(first), ", ", told(other)));
  }
  for (const FinishedJob* job : {&first, &other}) {
    if (job->parameterization.has_mask()) {
      return UsageError(absl::StrCat(
          job->name, " was made behind a mask; a morph needs jobs without"));
    }
    if (job->parameterization.rows() <= 1) continue;
    return UsageError(absl::StrCat(job->name, " has ",
                                   job->parameterization.rows(),
                                   " rows; a morph needs jobs of one"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<FinishedJob> FinishedJobOf(const v1::Job& job) {
  FinishedJob out{job.name(), job.spec().parameterization(), job.checkpoint()};
  for (const v1::Artifact& artifact : job.artifacts()) {
    if (artifact.media_type() == kCheckpointType)
      out.checkpoint = artifact.blob();
  }
  if (out.checkpoint.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(job.name(),
                     " kept no checkpoint to draw from; `cppn` keeps one when "
                     "it ends, other commands with -o FILE.ckpt"));
  }
  // A skin keeps its colours under the mask to itself.
  if (out.parameterization.has_mask() && out.parameterization.has_texture()) {
    return absl::FailedPreconditionError(
        absl::StrCat(job.name(),
                     " painted an object behind a mask; what the mask kept "
                     "is in no checkpoint"));
  }
  return out;
}

absl::StatusOr<v1::JobSpec> RenderSpec(const FinishedJob& job,
                                       const RenderOptions& options) {
  v1::JobSpec spec;
  *spec.mutable_parameterization() = job.parameterization;
  v1::Init* init = spec.mutable_parameterization()->mutable_init();
  init->Clear();
  init->set_checkpoint(job.checkpoint);
  const bool rows = job.parameterization.rows() > 1;
  RETURN_IF_ERROR(
      AddOutputs(options.outputs,
                 rows ? OutputStyle::kAnimation : OutputStyle::kImage, &spec));
  RETURN_IF_ERROR(SetSize(options.size, &spec));
  RETURN_IF_ERROR(SetBackdrop(options.over, &spec));
  return spec;
}

absl::StatusOr<v1::JobSpec> MorphSpec(const std::vector<FinishedJob>& jobs,
                                      const MorphOptions& options) {
  if (jobs.size() < 2 || jobs.size() > 16) {
    return UsageError(
        absl::StrCat("a morph needs 2..16 jobs, not ", jobs.size()));
  }
  RETURN_IF_ERROR(
      CheckFlag("--frames", options.frames, "spec.parameterization.rows", 2));
  RETURN_IF_ERROR(CheckFlag("--fps", options.frames_per_second,
                            "spec.outputs.animated_webp.frames_per_second"));
  RETURN_IF_ERROR(CheckFlag("--exaggerate", options.exaggerate,
                            "spec.parameterization.init.morph.exaggeration"));
  v1::JobSpec spec;
  v1::Parameterization* param = spec.mutable_parameterization();
  *param = jobs[0].parameterization;
  param->set_rows(options.frames);
  param->mutable_init()->Clear();
  v1::Init::MorphInit* morph = param->mutable_init()->mutable_morph();
  for (const FinishedJob& job : jobs) {
    RETURN_IF_ERROR(CheckAlike(jobs[0], job));
    morph->add_checkpoints(job.checkpoint);
  }
  if (options.exaggerate != 1) morph->set_exaggeration(options.exaggerate);
  RETURN_IF_ERROR(AddOutputs(options.outputs, OutputStyle::kAnimation, &spec));
  RETURN_IF_ERROR(SetSize(options.size, &spec));
  RETURN_IF_ERROR(
      SetAnimations(options.frames_per_second, /*ping_pong=*/false, &spec));
  return spec;
}

}  // namespace phosphene::client
