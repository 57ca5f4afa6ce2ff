// `feature`: what a channel, neuron or any objective looks for.

#include <CLI/CLI.hpp>

#include "client/commands/canvas.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/commands/target_flags.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Of a canvas that takes its shape from a photo.
constexpr int kMaxSide = 320;

}  // namespace

void AddTargetFlags(CLI::App* command, FeatureOptions* target) {
  command->add_option(
      "--layer", target->layer,
      "layer, by name or alias; `models layers MODEL` lists them");
  command->add_option("--channel", target->channel, "channel of the layer")
      ->capture_default_str();
  command->add_flag("--neuron", target->neuron,
                    "the centre position only, not the whole channel");
  command->add_flag("--negative", target->negative,
                    "what the target least responds to");
}

void AddFeature(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    FeatureOptions target;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("feature",
                         "Feature visualization: what a channel, neuron "
                         "or any objective looks for");
  AddTargetFlags(command, &flags->target);
  JobFlagSet which;
  which.size = "224; with --start-from the photo's shape, at most 320";
  which.output = "feature.png";
  which.extensions = "png, jpg, webp, tif, ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene feature --layer mixed4b --channel 7 -o "
      "feature.png\n  phosphene feature --layer mixed4b --channel 7 "
      "--start-from "
      "photo.jpg --steps 64 -o accented.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "feature", "png");
    RETURN_IF_ERROR(SizeOfPhoto("--start-from", flags->spec.start_from,
                                kMaxSide, &flags->spec.size));
    ASSIGN_OR_RETURN(const v1::JobSpec spec,
                     FeatureSpec(flags->target, flags->spec));
    return RunJob(session, spec, *flags);
  });
}

}  // namespace phosphene::client
