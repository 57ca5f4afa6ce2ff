// `interpolate`: frames or a grid between channels, aligned.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "client/remote/blobs.h"
#include "client/view/frames.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int64_t kMaxSheet = 1 << 28;

absl::Status ReadTarget(const char* flag, const std::string& text,
                        std::string* layer, int* channel) {
  const auto target = ParseTarget(text);
  if (!target.ok()) return FlagError(flag, target.status().message());
  *layer = target->first;
  *channel = target->second;
  return absl::OkStatus();
}

struct Flags : JobFlags {
  InterpolateOptions options;
  std::string from, to;
  std::vector<std::string> targets;
  int grid = 5;
  bool no_sharing = false;
};

void AddFlags(CLI::App* command, Flags* flags) {
  InterpolateOptions& options = flags->options;
  command->add_option("--from", flags->from, "first target, LAYER:CHANNEL");
  command->add_option("--to", flags->to, "last target, LAYER:CHANNEL");
  command
      ->add_option(
          "--frames", options.frames,
          absl::StrCat("frames, ", AllowedFor("spec.parameterization.rows", 2)))
      ->capture_default_str();
  command
      ->add_option("--target", flags->targets,
                   "instead of --from and --to, a grid: 4, 9 or 16 targets "
                   "LAYER:CHANNEL, line by line")
      ->allow_extra_args(false);
  command
      ->add_option("--grid", flags->grid,
                   "pictures along each side of the grid, 2..8")
      ->capture_default_str();
  command
      ->add_option(
          "--fps", options.frames_per_second,
          absl::StrCat(
              "frames a second, ",
              AllowedFor("spec.outputs.animated_webp.frames_per_second")))
      ->capture_default_str();
  command
      ->add_option(
          "--align", options.align,
          "layer whose activations neighbours should share; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option("--align-weight", options.align_weight,
                   "weight of that penalty")
      ->capture_default_str();
  command->add_flag("--no-sharing", flags->no_sharing,
                    "frames share nothing: landmarks jump, for comparison");
}

absl::StatusOr<v1::JobSpec> LineSpec(Flags& flags) {
  InterpolateOptions& options = flags.options;
  if (flags.from.empty() || flags.to.empty()) {
    return UsageError(
        "say between what: --from LAYER:CHANNEL --to LAYER:CHANNEL, or "
        "--target LAYER:CHANNEL four times");
  }
  options.sharing = !flags.no_sharing;
  RETURN_IF_ERROR(ReadTarget("--from", flags.from, &options.from_layer,
                             &options.from_channel));
  RETURN_IF_ERROR(
      ReadTarget("--to", flags.to, &options.to_layer, &options.to_channel));
  return InterpolateSpec(options, flags.spec);
}

absl::StatusOr<v1::JobSpec> TargetsSpec(const Flags& flags) {
  if (!flags.from.empty() || !flags.to.empty())
    return FlagError("--target", "is instead of --from and --to");
  GridOptions options;
  for (const std::string& text : flags.targets) {
    std::pair<std::string, int> target;
    RETURN_IF_ERROR(
        ReadTarget("--target", text, &target.first, &target.second));
    options.targets.push_back(std::move(target));
  }
  options.side = flags.grid;
  options.sharing = !flags.no_sharing;
  options.align = flags.options.align;
  options.align_weight = flags.options.align_weight;
  return GridSpec(options, flags.spec);
}

// Measures the frames a job made and says how well they are aligned.
absl::Status TellAlignment(Session& session, const v1::Job& job, int frames,
                           int columns) {
  for (const v1::Artifact& artifact : job.artifacts()) {
    if (artifact.name() != kFramesArtifact) continue;
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    ASSIGN_OR_RETURN(const std::string bytes,
                     ReadBlob(*connection, artifact.blob(), kMaxSheet));
    ASSIGN_OR_RETURN(const Pixels sheet, DecodePixels(bytes));
    ASSIGN_OR_RETURN(const std::vector<Pixels> all,
                     FramesOf(sheet, frames, columns));
    const FrameAlignment measured = AlignmentOf(all, columns);
    session.Emit(JsonObject()
                     .AddJson("alignment",
                              JsonObject()
                                  .Add("adjacent_difference", measured.adjacent)
                                  .Add("ends_difference", measured.ends)
                                  .Text())
                     .Text());
    session.Print(
        absl::StrCat("alignment: neighbours differ by ",
                     FormatNumber(measured.adjacent), ", first and last by ",
                     FormatNumber(measured.ends), " (mean of |a - b|, 0..1)"));
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, Flags& flags) {
  const bool grid = !flags.targets.empty();
  SetDefaultOutput(&flags, "interpolate", grid ? "png" : "webp");
  ASSIGN_OR_RETURN(v1::JobSpec spec,
                   grid ? TargetsSpec(flags) : LineSpec(flags));
  const int frames = spec.parameterization().rows();
  const int columns = grid ? flags.grid : frames;
  AddFramesOutput(columns, &spec);
  return RunJob(session, spec, flags, [&](const v1::Job& job) {
    return TellAlignment(session, job, frames, columns);
  });
}

}  // namespace

void AddInterpolate(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("interpolate",
                         "Aligned interpolation: frames between channels that "
                         "keep their landmarks");
  AddFlags(command, flags.get());
  JobFlagSet which;
  which.objective = false;
  which.size = "128";
  which.steps = "512, with --align 1024";
  which.output = "interpolate.webp";
  which.extensions =
      "webp, gif, apng animated; png, jpg frames side by side; ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n"
      "  phosphene interpolate --from mixed4a:3 --to mixed4a:12 --frames 8 -o "
      "between.webp\n"
      "  phosphene interpolate --target mixed4a:3 --target mixed4a:12 --target "
      "mixed4b:7 --target mixed4b:9 -o grid.png");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
