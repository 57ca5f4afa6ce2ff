// `texture`: the texture of a mesh, painted through views of it.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/field_rules.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/layers.h"
#include "client/commands/run_job.h"
#include "client/commands/target_flags.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Flags : JobFlags {
  TextureOptions options;
};

absl::Status Run(Session& session, Flags& flags) {
  SetDefaultOutput(&flags, "texture", "glb");
  TextureOptions& options = flags.options;
  if (!options.styles.empty() && flags.spec.objective.empty()) {
    // Content plays no part here, so that only styles are asked for.
    const StyleLayers said{{"unused"}, options.style_layers};
    ASSIGN_OR_RETURN(const StyleLayers layers,
                     FetchStyleLayers(session, flags.spec.model, said));
    options.style_layers = layers.style;
  }
  ASSIGN_OR_RETURN(const v1::JobSpec spec, TextureSpec(options, flags.spec));
  return RunJob(session, spec, flags);
}

}  // namespace

void AddTexture(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  TextureOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "texture", "Texture of a mesh, painted through random views of it");
  dispatch.Needs(command, {"parameterizations", "texture"});
  command
      ->add_option("--mesh", options.mesh,
                   "mesh with UV coordinates (obj, glb)")
      ->required();
  AddTargetFlags(command, &options.target);
  command
      ->add_option(
          "--style", options.styles,
          "style image FILE or FILE:WEIGHT instead of a layer; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--style-layer", options.style_layers,
          "layer the style is compared in; may be repeated [known ones]")
      ->allow_extra_args(false);
  command->add_option("--texture", options.texture,
                      "image the atlas starts from");
  command
      ->add_option(
          "--atlas", options.atlas,
          absl::StrCat("side of the atlas in texels, ",
                       AllowedFor("spec.parameterization.texture.atlas_size")))
      ->capture_default_str();
  JobFlagSet which;
  which.start = false;
  which.size = "512, of a view";
  which.steps = "400";
  which.lr = "0.03, with --style 0.05";
  which.transforms = "none";
  which.output = "texture.glb";
  which.extensions = "glb, obj; png, jpg, webp of a view; ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene texture --mesh cow.obj --layer mixed4b --channel "
      "17 "
      "-o cow.glb");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
