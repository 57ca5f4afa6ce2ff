// `transparent`: a picture with its own transparency.

#include <CLI/CLI.hpp>

#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/commands/target_flags.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Flags : JobFlags {
  TransparentOptions options;
};

absl::Status Run(Session& session, Flags& flags) {
  SetDefaultOutput(&flags, "transparent", "png");
  ASSIGN_OR_RETURN(const v1::JobSpec spec,
                   TransparentSpec(flags.options, flags.spec));
  // The board is the spec's last output.
  if (!flags.options.board.empty())
    flags.spec.outputs.push_back(flags.options.board);
  return RunJob(session, spec, flags);
}

}  // namespace

void AddTransparent(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  TransparentOptions& options = flags->options;
  CLI::App* command =
      app.add_subcommand("transparent",
                         "Feature visualization with its own transparency, "
                         "over random backgrounds");
  AddTargetFlags(command, &options.target);
  command
      ->add_option("--alpha-blur", options.alpha_blur,
                   "weight of a penalty on ragged alpha")
      ->capture_default_str();
  command
      ->add_option("--undecided", options.undecided,
                   "weight of a penalty on alpha between 0 and 1")
      ->capture_default_str();
  command->add_option("--board", options.board,
                      "file to write besides: the picture over black, white "
                      "and a checkerboard, and its alpha");
  JobFlagSet which;
  which.size = "320";
  which.steps = "300";
  which.lr = "0.08";
  which.transforms =
      "background,scale:.6:.7:.8:.9:1:1.1, then a crop of 0.6 of the canvas";
  which.output = "transparent.png";
  which.extensions = "png, webp, ckpt; jpg without alpha";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene transparent --layer mixed4c --channel 10 -o "
      "cutout.png --board look.png");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
