// `style`: a photo in the style of other images.

#include <CLI/CLI.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/field_rules.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/layers.h"
#include "client/commands/run_job.h"
#include "client/presets/presets.h"
#include "client/view/image_size.h"
#include "client/view/table.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr char kScale[] = "spec.objectives.gram_style.styles.scale";

struct Flags : JobFlags {
  StyleOptions options;
  std::string pixels;
  bool try_out = false;
};

// The canvas where --size does not say it: the content's shape.
absl::Status SetCanvas(Flags& flags) {
  if (!flags.spec.size.empty()) {
    const absl::StatusOr<Size> size = ParseSize(flags.spec.size);
    // What is wrong with it is told where it is put into the spec.
    if (size.ok()) flags.options.size = *size;
    return absl::OkStatus();
  }
  int64_t pixels = 0;
  if (!flags.pixels.empty()) {
    const absl::StatusOr<int64_t> count = ParseCount(flags.pixels);
    if (!count.ok()) return FlagError("--pixels", count.status().message());
    pixels = *count;
  }
  if (absl::StartsWith(flags.options.content, "blobs/")) {
    return FlagError("--size", "needed where the content is a blob");
  }
  const absl::StatusOr<Size> content = ImageFileSize(flags.options.content);
  if (!content.ok()) return FlagError("--content", content.status().message());
  flags.options.size = StyleCanvas(*content, pixels);
  return absl::OkStatus();
}

// How large the styles are, where that can be seen here; what is no image the
// server tells best.
void SetStyleSizes(StyleOptions& options) {
  for (const std::string& style : options.styles) {
    const auto size = ImageFileSize(ParseWeightedPath(style).first);
    options.style_sizes.push_back(size.ok() ? *size : Size{0, 0});
  }
}

// What to type for the look of each picture in a sheet.
void TellCells(Session& session, const std::vector<StyleTry::Cell>& cells) {
  Table table({">line", ">column", "for this look add"});
  for (const StyleTry::Cell& cell : cells) {
    table.Add({absl::StrCat(cell.line), absl::StrCat(cell.column),
               cell.flags.empty() ? "nothing, it is the default" : cell.flags});
    session.Emit(JsonObject()
                     .AddJson("try", JsonObject()
                                         .Add("line", cell.line)
                                         .Add("column", cell.column)
                                         .Add("flags", cell.flags)
                                         .Text())
                     .Text());
  }
  session.Print(table.Text());
}

absl::Status RunTry(Session& session, const Flags& flags) {
  ASSIGN_OR_RETURN(const StyleTry trial,
                   StyleTrySpec(flags.options, flags.spec));
  if (flags.submit.detach) TellCells(session, trial.cells);
  return RunJob(session, trial.spec, flags, [&](const v1::Job&) {
    TellCells(session, trial.cells);
    return absl::OkStatus();
  });
}

absl::Status Run(Session& session, Flags& flags) {
  SetDefaultOutput(&flags, flags.try_out ? "style-try" : "style", "png");
  RETURN_IF_ERROR(SetCanvas(flags));
  SetStyleSizes(flags.options);
  ASSIGN_OR_RETURN(
      flags.options.layers,
      FetchStyleLayers(session, flags.spec.model, flags.options.layers));
  if (flags.try_out) return RunTry(session, flags);
  ASSIGN_OR_RETURN(const v1::JobSpec spec,
                   StyleSpec(flags.options, flags.spec));
  return RunJob(session, spec, flags);
}

void AddTuning(CLI::App* command, Flags* flags) {
  StyleOptions& options = flags->options;
  command
      ->add_option(
          "--content-layer", options.layers.content,
          "layer the content is compared in; may be repeated [known ones]")
      ->allow_extra_args(false);
  command
      ->add_option(
          "--style-layer", options.layers.style,
          "layer the style is compared in; may be repeated [known ones]")
      ->allow_extra_args(false);
  command
      ->add_option("--content-weight", options.content_weight,
                   "weight of the content")
      ->capture_default_str();
  command
      ->add_option("--style-weight", options.style_weight,
                   "weight of the style; 1 balances it with the content in "
                   "the networks known")
      ->capture_default_str();
  command->add_option(
      "--style-size", options.style_size,
      "pixels of the style's longest side: larger shows more of "
      "its grain, less of its strokes [1.2 times what covers "
      "the canvas]");
  command->add_option("--style-scale", options.style_scale,
                      absl::StrCat("the same against the style's own pixels, ",
                                   AllowedFor(kScale)));
  command->add_option("--distance", options.distance,
                      "of Grams: l1, l2, squared or w2 [l1]");
  command->add_option("--init", options.init,
                      "start: noise or content [noise; content above 2M "
                      "pixels]; --start-from FILE "
                      "starts from another image");
  command->add_option(
      "--tile", options.tile,
      "how the picture goes through the network: auto (in tiles where it does "
      "not fit memory), off, or pixels a side of a tile [auto]");
  command->add_flag("--delayed", options.delayed,
                    "tiles in one pass, with the gradient of the step before: "
                    "faster, not exact");
  command
      ->add_option("--style-mask", options.masks,
                   "image: where a style goes (white); one for each --style, "
                   "in their order")
      ->allow_extra_args(false);
  command->add_flag("--keep-colors", options.keep_colors,
                    "styles take on the content's colours first");
}

}  // namespace

void AddStyle(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand(
      "style", "Style transfer: the content of a photo in the style of others");
  command
      ->add_option("--content", flags->options.content,
                   "image (png, jpg, webp, tif, gif, bmp)")
      ->required();
  command
      ->add_option("--style", flags->options.styles,
                   "style image FILE or FILE:WEIGHT; may be repeated")
      ->required()
      ->allow_extra_args(false);
  command->add_option(
      "--pixels", flags->pixels,
      "size of the canvas in pixels, such as 12M, in the content's shape; "
      "grown from small to large above 1M");
  command->add_flag("--try", flags->try_out,
                    "instead a sheet of small pictures over weights (columns) "
                    "and sizes of the style (lines), with what to type for "
                    "each");
  AddTuning(command, flags.get());
  JobFlagSet which;
  which.objective = false;
  which.size = "the content's, at most 512 on its longest side";
  which.output = "style.png";
  which.extensions = "png, jpg, webp, tif, ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene style --content photo.jpg --style "
      "starry_night.jpg "
      "-o painted.png\n"
      "  phosphene style --content photo.jpg --style starry_night.jpg --try "
      "-o sheet.png");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
