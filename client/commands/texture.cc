// `texture`: the texture of a mesh, painted through views of it.

#include <CLI/CLI.hpp>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/layers.h"
#include "client/commands/run_job.h"
#include "client/commands/target_flags.h"
#include "client/presets/presets.h"
#include "client/view/image_size.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Flags : JobFlags {
  TextureOptions options;
  std::string elevation, distance;
};

absl::Status ParseRange(absl::string_view flag, const std::string& text,
                        std::vector<double>* range) {
  if (text.empty()) return absl::OkStatus();
  auto numbers = ParseNumbers(text, 1, 2);
  if (!numbers.ok()) return FlagError(flag, numbers.status().message());
  *range = *std::move(numbers);
  return absl::OkStatus();
}

// The shorter sides of the styles; of blobs they are not known here.
absl::Status MeasureStyles(TextureOptions* options) {
  for (const std::string& style : options->styles) {
    const std::string path = ParseWeightedPath(style).first;
    if (absl::StartsWith(path, "blobs/")) {
      options->style_sides.push_back(0);
      continue;
    }
    const absl::StatusOr<Size> size = ImageFileSize(path);
    if (!size.ok()) return FlagError("--style", size.status().message());
    options->style_sides.push_back(std::min(size->width, size->height));
  }
  return absl::OkStatus();
}

// The content's layers count for the style too, as in the article's notebook.
absl::Status SetLayers(Session& session, Flags& flags) {
  TextureOptions& options = flags.options;
  const bool said = !options.layers.style.empty();
  ASSIGN_OR_RETURN(options.layers,
                   FetchStyleLayers(session, flags.spec.model, options.layers));
  if (said) return absl::OkStatus();
  for (const std::string& layer : options.layers.content) {
    auto& style = options.layers.style;
    if (std::find(style.begin(), style.end(), layer) == style.end())
      style.push_back(layer);
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, Flags& flags) {
  SetDefaultOutput(&flags, "texture", "glb");
  TextureOptions& options = flags.options;
  RETURN_IF_ERROR(
      ParseRange("--elevation", flags.elevation, &options.elevation));
  RETURN_IF_ERROR(ParseRange("--distance", flags.distance, &options.distance));
  options.start = flags.spec.start_from;
  flags.spec.start_from.clear();
  if (!options.styles.empty() && flags.spec.objective.empty()) {
    if (!options.style_scale) RETURN_IF_ERROR(MeasureStyles(&options));
    RETURN_IF_ERROR(SetLayers(session, flags));
  }
  ASSIGN_OR_RETURN(const v1::JobSpec spec, TextureSpec(options, flags.spec));
  return RunJob(session, spec, flags);
}

void AddStyleFlags(CLI::App* command, TextureOptions* options) {
  command
      ->add_option(
          "--style", options->styles,
          "style image FILE or FILE:WEIGHT instead of a layer; may be repeated")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--style-layer", options->layers.style,
          "layer the style is compared in; may be repeated [known ones]")
      ->allow_extra_args(false);
  command->add_option("--style-scale", options->style_scale,
                      "size of the styles against their own pixels [so that "
                      "the shorter side is a view's]");
  command
      ->add_option("--content-layer", options->layers.content,
                   "layer the object's own texture is compared in; may be "
                   "repeated [known ones]")
      ->allow_extra_args(false);
  command
      ->add_option("--content-weight", options->content_weight,
                   "with --style: weight of the object's own texture, 0: none")
      ->capture_default_str();
}

void AddViewFlags(CLI::App* command, Flags* flags) {
  TextureOptions& options = flags->options;
  const auto allowed = [](absl::string_view field) {
    return AllowedFor(absl::StrCat("spec.parameterization.texture.", field));
  };
  command
      ->add_option("--views", options.views,
                   absl::StrCat("views in each step, ",
                                AllowedFor("spec.parameterization.rows")))
      ->capture_default_str();
  command->add_option("--background", options.background,
                      "behind the object: black, white, grey, color (random), "
                      "noise (random), or an image [black]");
  command->add_option(
      "--elevation", flags->elevation,
      "least and largest elevation of views in degrees: 0,60 [all around]");
  command->add_option(
      "--distance", flags->distance,
      "least and largest distance in radii of the mesh [9,11, with --style "
      "8,10]");
  command->add_option("--fov", options.field_of_view,
                      absl::StrCat("vertical field of view in degrees, ",
                                   allowed("camera.field_of_view"), " [10]"));
  command->add_option("--ambient", options.ambient,
                      absl::StrCat("ambient share of a light at the camera, ",
                                   allowed("ambient"), " [1, unlit]"));
  command->add_option("--supersampling", options.supersampling,
                      absl::StrCat("samples of a pixel along each side, ",
                                   allowed("supersampling"), " [1]"));
}

}  // namespace

void AddTexture(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  TextureOptions& options = flags->options;
  CLI::App* command = app.add_subcommand(
      "texture", "Texture of a 3D object, painted through random views of it");
  dispatch.Needs(command, {"parameterizations", "texture"});
  command
      ->add_option("--mesh", options.mesh,
                   "mesh (obj with its mtl and textures, glb, gltf)")
      ->required();
  AddTargetFlags(command, &options.target);
  AddStyleFlags(command, &options);
  command->add_option("--texture", options.texture,
                      "the object's own texture [that in the mesh file]");
  command->add_option("--start-from", flags->spec.start_from,
                      "noise, original (the object's own texture), or an image "
                      "in its UVs [noise]");
  command->add_option("--start-noise", flags->spec.start_noise,
                      "share of the random start added to it [0]");
  command->add_option(
      "--mask", flags->spec.mask,
      "image in the object's UVs: paint only where it is white");
  command
      ->add_option(
          "--atlas", options.atlas,
          absl::StrCat("side of the atlas in texels, ",
                       AllowedFor("spec.parameterization.texture.atlas_size"),
                       "; above 2048 with --param pixel"))
      ->capture_default_str();
  command->add_flag("--unwrap", options.unwrap,
                    "make new UVs although the mesh has some");
  command
      ->add_option("--seam", options.seam,
                   "weight of the colour step across seams, 0: leave them")
      ->capture_default_str();
  AddViewFlags(command, flags.get());
  JobFlagSet which;
  which.start = false;
  which.size = "224, of a view";
  which.steps = "400";
  which.lr = "0.03, with --style 0.05, with --param cppn 0.005";
  which.transforms = "none";
  which.output = "texture.glb";
  which.extensions =
      "glb, obj, ply, 3mf, html; png, jpg of a view; webp, gif, apng of a "
      "turn; ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Examples:\n"
      "  phosphene texture --mesh cow.obj --layer mixed4b --channel 17 -o "
      "cow.glb -o cow.html\n"
      "  phosphene texture --mesh cow.glb --style starry_night.jpg -o "
      "cow.html");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
