// `dream`: DeepDream, still or as a flight.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/field_rules.h"
#include "client/commands/canvas.h"
#include "client/commands/commands.h"
#include "client/commands/dream_zoom.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int kMaxSide = 512;

struct Flags : JobFlags {
  DreamOptions options;
  ZoomFlags zoom;
};

absl::Status Run(Session& session, Flags& flags) {
  const bool zooms = flags.zoom.frames != 0;
  SetDefaultOutput(&flags, "dream", zooms ? "webp" : "png");
  RETURN_IF_ERROR(SizeOfPhoto("--start-from", flags.spec.start_from, kMaxSide,
                              &flags.spec.size));
  if (zooms) return RunZoom(session, flags.options, flags.zoom, flags);
  ASSIGN_OR_RETURN(const v1::JobSpec spec,
                   DreamSpec(flags.options, flags.spec));
  return RunJob(session, spec, flags);
}

}  // namespace

void AddDream(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  DreamOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "dream", "DeepDream: amplify what a layer sees, coarse to fine");
  command->add_option("--layer", options.layer, "layer, by name or alias");
  command->add_option("--channel", options.channel,
                      "one channel instead of the whole layer");
  command
      ->add_option("--octaves", options.octaves,
                   absl::StrCat("sizes, coarse to fine, ",
                                AllowedFor("spec.optimizer.octaves.count")))
      ->capture_default_str();
  command
      ->add_option("--octave-scale", options.octave_scale,
                   absl::StrCat("ratio of neighbours, ",
                                AllowedFor("spec.optimizer.octaves.scale")))
      ->capture_default_str();
  command->add_flag("--laplacian", options.laplacian,
                    "equalize the bands of the gradient");
  AddZoomFlags(command, &flags->zoom);
  JobFlagSet which;
  which.size = "the photo's shape, at most 512; 512 without one";
  which.steps = "10";
  which.lr = "0.00588";
  which.transforms = "roll";
  which.output = "dream.png";
  which.extensions = "png, jpg, webp, tif, ckpt; with --zoom webp, gif, apng";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene dream --layer mixed4b --start-from photo.jpg -o "
      "dream.png\n  phosphene dream --layer mixed4b --start-from photo.jpg "
      "--zoom 48 -o flight.webp");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
