#include <CLI/CLI.hpp>

#include "client/base/failure.h"
#include "client/base/status_macros.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"

namespace phosphene::client {
namespace {

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
  bool no_sharing = false;
};

void AddFlags(CLI::App* command, Flags* flags) {
  InterpolateOptions& options = flags->options;
  command->add_option("--from", flags->from, "first target, LAYER:CHANNEL")
      ->required();
  command->add_option("--to", flags->to, "last target, LAYER:CHANNEL")
      ->required();
  command->add_option("--frames", options.frames, "frames, 2..256")
      ->capture_default_str();
  command
      ->add_option("--fps", options.frames_per_second, "frames a second, 1..60")
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

absl::Status Run(Session& session, Flags& flags) {
  SetDefaultOutput(&flags, "interpolate", "webp");
  InterpolateOptions& options = flags.options;
  options.sharing = !flags.no_sharing;
  RETURN_IF_ERROR(ReadTarget("--from", flags.from, &options.from_layer,
                             &options.from_channel));
  RETURN_IF_ERROR(
      ReadTarget("--to", flags.to, &options.to_layer, &options.to_channel));
  ASSIGN_OR_RETURN(const v1::JobSpec spec,
                   InterpolateSpec(options, flags.spec));
  return RunJob(session, spec, flags);
}

}  // namespace

void AddInterpolate(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("interpolate",
                         "Aligned interpolation: frames between two channels "
                         "that keep their landmarks");
  AddFlags(command, flags.get());
  JobFlagSet which;
  which.objective = false;
  which.size = "128";
  which.steps = "512, with --align 1024";
  which.output = "interpolate.webp";
  which.extensions = "webp animated; png, jpg frames side by side; ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene interpolate --from mixed4a:3 --to mixed4a:12 "
      "--frames 8 -o between.webp");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
