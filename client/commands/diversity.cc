// `diversity`: several different images of one target.

#include <CLI/CLI.hpp>

#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/commands/target_flags.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {

void AddDiversity(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    DiversityOptions options;
  };
  auto flags = std::make_shared<Flags>();
  DiversityOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "diversity", "Diversity: several different images of one target");
  AddTargetFlags(command, &options.target);
  command->add_option("--rows", options.rows, "images, 2..16")
      ->capture_default_str();
  command
      ->add_option("--weight", options.weight,
                   "weight of the difference: about the channel's own value")
      ->capture_default_str();
  command->add_option("--diversity-layer", options.diversity_layer,
                      "layer whose textures should differ [--layer]");
  JobFlagSet which;
  which.output = "diversity.png";
  which.extensions = "png, jpg side by side; webp, ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene diversity --layer mixed4b --channel 7 --rows 4 "
      "-o faces.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "diversity", "png");
    ASSIGN_OR_RETURN(const v1::JobSpec spec,
                     DiversitySpec(flags->options, flags->spec));
    return RunJob(session, spec, *flags);
  });
}

}  // namespace phosphene::client
