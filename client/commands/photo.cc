// `invert` and `caricature`: what a layer sees in a photo.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/field_rules.h"
#include "client/commands/canvas.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr int kMaxSide = 320;

JobFlagSet SharedFlags() {
  JobFlagSet which;
  which.size = "the photo's shape, at most 320";
  which.extensions = "png, jpg, webp, tif, ckpt";
  return which;
}

void AddPhotoFlags(CLI::App* command, std::string* image, std::string* layer) {
  command
      ->add_option("--image", *image,
                   "photo (png, jpg, webp, tif, gif, bmp) or blobs/...")
      ->required();
  command
      ->add_option("--layer", *layer,
                   "layer, by name or alias; `models layers MODEL` lists them")
      ->required();
}

}  // namespace

void AddInvert(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    InvertOptions options;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "invert", "Inversion: what a layer still knows of a photo");
  AddPhotoFlags(command, &flags->options.image, &flags->options.layer);
  command->add_option("--metric", flags->options.metric,
                      "distance of the activations: l2 or l1 [l2]");
  JobFlagSet which = SharedFlags();
  which.transforms = "pad:8,jitter:8";
  which.output = "invert.png";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene invert --image photo.jpg --layer mixed4a -o "
      "seen.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "invert", "png");
    RETURN_IF_ERROR(SizeOfPhoto("--image", flags->options.image, kMaxSide,
                                &flags->spec.size));
    ASSIGN_OR_RETURN(const v1::JobSpec spec,
                     InvertSpec(flags->options, flags->spec));
    return RunJob(session, spec, *flags);
  });
}

void AddCaricature(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    CaricatureOptions options;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "caricature", "Caricature: what a layer sees in a photo, exaggerated");
  AddPhotoFlags(command, &flags->options.image, &flags->options.layer);
  command
      ->add_option(
          "--cossim", flags->options.cossim_power,
          absl::StrCat("power of the cosine: higher is closer to the photo, ",
                       AllowedFor("spec.objectives.caricature.cossim_power")))
      ->capture_default_str();
  JobFlagSet which = SharedFlags();
  which.output = "caricature.png";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene caricature --image photo.jpg --layer mixed4b -o "
      "caricature.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "caricature", "png");
    RETURN_IF_ERROR(SizeOfPhoto("--image", flags->options.image, kMaxSide,
                                &flags->spec.size));
    ASSIGN_OR_RETURN(const v1::JobSpec spec,
                     CaricatureSpec(flags->options, flags->spec));
    return RunJob(session, spec, *flags);
  });
}

}  // namespace phosphene::client
