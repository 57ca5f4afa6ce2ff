#include "server/jobs/validate_spec.h"

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/jobs/spec_walk.h"

namespace phosphene {
namespace {

constexpr int kMaxTransforms = 64;
constexpr int kMaxObjectives = 64;
constexpr int kMaxOutputs = 16;
constexpr int kMaxSide = 32768;
constexpr int kMaxChannels = 64;
constexpr int kMaxLabel = 256;
// Frames a job may keep: each is a file.
constexpr int64_t kMaxKeptFrames = 10'000;

// Ids of models and names of outputs: 1-63 characters a-z 0-9 - _ .
bool IsPlainName(absl::string_view name) {
  return !name.empty() && name.size() <= 63 && name != "." && name != ".." &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                  c == '-' || c == '_' || c == '.';
         });
}

// Adds faults of one message's fields.
class Checker {
 public:
  Checker(std::string path, Faults& faults)
      : path_(std::move(path)), faults_(faults) {}

  void Range(absl::string_view field, int64_t value, int64_t low,
             int64_t high) {
    if (value >= low && value <= high) return;
    Fault(field, absl::StrCat(value, " is not in ", low, "..", high));
  }
  // As Range, where 0 stands for the default.
  void RangeOrDefault(absl::string_view field, int64_t value, int64_t low,
                      int64_t high) {
    if (value != 0) Range(field, value, low, high);
  }
  void AtMost(absl::string_view field, int count, int most) {
    if (count > most) {
      Fault(field, absl::StrCat(count, " are set; at most ", most));
    }
  }
  void Fault(absl::string_view field, absl::string_view what) {
    faults_.Add(absl::StrCat(path_, ".", field), what);
  }

 private:
  const std::string path_;
  Faults& faults_;
};

int Rows(const v1::JobSpec& spec) {
  return std::max(1, spec.parameterization().rows());
}

void CheckCanvas(const v1::Parameterization& param, const v1::Limits& limits,
                 Faults& faults) {
  Checker check("spec.parameterization", faults);
  check.RangeOrDefault("width", param.width(), 1, kMaxSide);
  check.RangeOrDefault("height", param.height(), 1, kMaxSide);
  check.RangeOrDefault("rows", param.rows(), 1, limits.max_rows());
  check.RangeOrDefault("channels", param.channels(), 1, kMaxChannels);
  const int64_t width = param.width() > 0 ? param.width() : 224;
  const int64_t height = param.height() > 0 ? param.height() : width;
  const int64_t rows = std::max(1, param.rows());
  if (width <= kMaxSide && height <= kMaxSide && rows <= limits.max_rows() &&
      width * height * rows > limits.max_canvas_pixels()) {
    check.Fault("width", absl::StrCat(width, " x ", height, " pixels in ", rows,
                                      " rows are more than the ",
                                      limits.max_canvas_pixels(), " allowed"));
  }
}

void CheckObjectives(const v1::JobSpec& spec, Faults& faults) {
  Checker check("spec", faults);
  check.AtMost("objectives", spec.objectives_size(), kMaxObjectives);
  for (int i = 0; i < spec.objectives_size(); ++i) {
    const v1::Objective& objective = spec.objectives(i);
    Checker one(absl::StrCat("spec.objectives[", i, "]"), faults);
    if (objective.has_row()) {
      one.Range("row", objective.row(), 0, Rows(spec) - 1);
    }
    if (objective.label().size() > kMaxLabel) {
      one.Fault("label", absl::StrCat(objective.label().size(),
                                      " bytes; at most ", kMaxLabel));
    }
  }
}

void CheckFrames(const v1::JobSpec& spec, const v1::Limits& limits,
                 Faults& faults) {
  const v1::FramePolicy& frames = spec.frames();
  Checker check("spec.frames", faults);
  check.RangeOrDefault("every", frames.every(), 1, limits.max_steps());
  check.RangeOrDefault("max_size", frames.max_size(), 16, 2048);
  check.RangeOrDefault("quality", frames.quality(), 1, 100);
  check.RangeOrDefault("keep_every", frames.keep_every(), 1,
                       limits.max_steps());
  if (frames.keep_every() <= 0 || frames.every() < 0) return;
  const int64_t steps = spec.steps() > 0 ? spec.steps() : 512;
  const int64_t octaves = std::max(1, spec.optimizer().octaves().count());
  const int64_t every = frames.every() > 0 ? frames.every() : 16;
  const int64_t kept = steps * octaves / every / frames.keep_every();
  if (kept > kMaxKeptFrames) {
    check.Fault("keep_every",
                absl::StrCat(frames.keep_every(), " keeps ", kept,
                             " frames; at most ", kMaxKeptFrames));
  }
}

void CheckOutput(const v1::Output& output, int rows, Checker check) {
  if (!output.name().empty() && !IsPlainName(output.name())) {
    check.Fault("name",
                absl::StrCat("\"", output.name(),
                             "\" is not 1-63 characters a-z 0-9 _ - ."));
  }
  check.RangeOrDefault("width", output.width(), 1, kMaxSide);
  check.RangeOrDefault("height", output.height(), 1, kMaxSide);
  if (output.has_row()) check.Range("row", output.row(), -1, rows - 1);
  const v1::AnimatedWebpOutput& animation = output.animated_webp();
  const v1::ContactSheetOutput& sheet = output.contact_sheet();
  check.RangeOrDefault("jpeg.quality", output.jpeg().quality(), 1, 100);
  check.RangeOrDefault("webp.quality", output.webp().quality(), 1, 100);
  check.RangeOrDefault("animated_webp.quality", animation.quality(), 1, 100);
  check.RangeOrDefault("animated_webp.frames_per_second",
                       animation.frames_per_second(), 1, 60);
  check.RangeOrDefault("contact_sheet.columns", sheet.columns(), 1, rows);
  if (sheet.has_gap()) check.Range("contact_sheet.gap", sheet.gap(), 0, 64);
}

void CheckOutputs(const v1::JobSpec& spec, Faults& faults) {
  Checker("spec", faults).AtMost("outputs", spec.outputs_size(), kMaxOutputs);
  std::set<std::string> names;
  for (int i = 0; i < spec.outputs_size(); ++i) {
    const v1::Output& output = spec.outputs(i);
    const std::string path = absl::StrCat("spec.outputs[", i, "]");
    CheckOutput(output, Rows(spec), Checker(path, faults));
    if (!output.name().empty() && !names.insert(output.name()).second) {
      Checker(path, faults)
          .Fault("name", absl::StrCat("\"", output.name(),
                                      "\" is taken by "
                                      "another output of the job"));
    }
  }
}

}  // namespace

void AddSpecFaults(const v1::JobSpec& spec, const v1::Limits& limits,
                   Faults& faults) {
  Checker check("spec", faults);
  const absl::string_view model = absl::StripPrefix(spec.model(), "models/");
  if (!spec.model().empty() && !IsPlainName(model)) {
    check.Fault("model", absl::StrCat("\"", spec.model().substr(0, 100),
                                      "\" is not models/ and 1-63 characters "
                                      "a-z 0-9 - _ ."));
  }
  AddGenericFaults(spec, "spec", faults);
  if (spec.has_parameterization()) {
    CheckCanvas(spec.parameterization(), limits, faults);
  }
  check.AtMost("transforms", spec.transforms_size(), kMaxTransforms);
  CheckObjectives(spec, faults);
  check.RangeOrDefault("steps", spec.steps(), 1, limits.max_steps());
  CheckFrames(spec, limits, faults);
  CheckOutputs(spec, faults);
  if (spec.gradient_overrides().has_redirect_steps()) {
    check.Range("gradient_overrides.redirect_steps",
                spec.gradient_overrides().redirect_steps(), 0,
                limits.max_steps());
  }
  check.Range("checkpoint_every", spec.checkpoint_every(), 0,
              limits.max_steps());
}

}  // namespace phosphene
