// `pattern`: a tile without seams.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/base/field_rules.h"
#include "client/base/files.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "client/view/pixels.h"
#include "client/view/seam.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int64_t kMaxLook = 1 << 28;

struct Flags : JobFlags {
  PatternOptions options;
};

// Says how well the files written tile.
void TellSeams(Session& session, const std::vector<std::string>& paths) {
  for (const std::string& path : paths) {
    if (path == "-") continue;
    const absl::StatusOr<std::string> bytes = ReadFile(path, kMaxLook);
    if (!bytes.ok()) continue;
    const absl::StatusOr<Pixels> pixels = DecodePixels(*bytes);
    if (!pixels.ok()) continue;
    session.Note(
        absl::StrFormat("%s: neighbours across the edge differ %.2f times as "
                        "much as those inside (1 is seamless)",
                        path, SeamRatio(*pixels)));
  }
}

absl::Status Run(Session& session, Flags& flags) {
  SetDefaultOutput(&flags, "pattern", "png");
  ASSIGN_OR_RETURN(const v1::JobSpec spec,
                   PatternSpec(flags.options, flags.spec));
  RETURN_IF_ERROR(RunJob(session, spec, flags));
  if (!flags.submit.detach && !flags.submit.spec_only)
    TellSeams(session, flags.spec.outputs);
  return absl::OkStatus();
}

}  // namespace

void AddPattern(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  PatternOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "pattern", "Infinite pattern: a tile that continues over every edge");
  command->add_option("--layer", options.layer, "layer, by name or alias");
  CLI::Option* channel =
      command->add_option("--channel", options.channel, "channel of the layer")
          ->capture_default_str();
  command
      ->add_option("--image", options.image,
                   "show what the layer sees in this image, not a channel")
      ->excludes(channel);
  command
      ->add_option(
          "--selectivity", options.selectivity,
          absl::StrCat("with --image: how much its strongest channels count, ",
                       AllowedFor("spec.objectives.pattern.selectivity")))
      ->capture_default_str();
  command->add_option("--match", options.match,
                      "with --image: by its channels or by its places "
                      "[channels; places with --param cppn]");
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
  JobFlagSet which;
  which.size = "512; 224 with --param cppn, drawn at 1024; 256 with fourier";
  which.steps = "50 in each octave; 501 with --param cppn; 256 with fourier";
  which.lr = "0.02; 0.003 with --param cppn; 0.05 with fourier";
  which.transforms = "roll; none with --param cppn";
  which.output = "pattern.png";
  which.extensions = "png, jpg, webp, ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "--param says how it is made: pixel (default) by octaves from noise, "
      "cppn by a\nnet of coordinates that tile, fourier at one size.\n\n"
      "Example:\n  phosphene pattern --layer mixed4b --image starry_night.jpg "
      "-o tile.png");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
