// The shared flags, put over the spec of a preset.

#include "client/presets/options.h"
#include "client/base/field_rules.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "client/base/units.h"
#include "client/spec/expression.h"
#include "client/spec/file_refs.h"
#include "client/spec/transform_list.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Index of `value` in `names`; an error that names the flag otherwise.
absl::StatusOr<int> Choose(absl::string_view flag, absl::string_view value,
                           const std::vector<std::string>& names) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (value == names[i]) return static_cast<int>(i);
  }
  return FlagError(
      flag, absl::StrCat("\"", value, "\" is not allowed; allowed ",
                         QuotedList(names), NearestHint(value, names, 1)));
}

template <typename Number>
absl::Status CheckGiven(absl::string_view flag,
                        const std::optional<Number>& value,
                        absl::string_view path) {
  return value.has_value() ? CheckFlag(flag, *value, path) : absl::OkStatus();
}

absl::Status Named(absl::string_view flag, const absl::Status& status) {
  return status.ok() ? status : FlagError(flag, status.message());
}

absl::Status ApplySize(const std::string& text, v1::Parameterization* param) {
  if (text.empty()) return absl::OkStatus();
  const absl::StatusOr<Size> size = ParseSize(text);
  RETURN_IF_ERROR(Named("--size", size.status()));
  param->set_width(size->width);
  // The height is the width where it is not said.
  if (size->height != size->width) {
    param->set_height(size->height);
  } else {
    param->clear_height();
  }
  return absl::OkStatus();
}

// The decorrelated basis (lucid, by its largest column) with half of the colour
// beside grey: hues take smaller steps, so that what a network does not ask for
// stays calm. Ours.
constexpr double kSoftColors[] = {.56, .1, .02, .58, 0, -.05, .58, -.1, .03};

// A named basis, or the rows of a matrix from the optimized values to RGB.
absl::Status ApplyColors(const SpecOptions& options,
                         v1::Parameterization* param) {
  RETURN_IF_ERROR(CheckGiven("--image-channels", options.channels,
                             "spec.parameterization.channels"));
  if (options.grey && options.channels.value_or(1) != 1) {
    return FlagError("--grey", absl::StrCat("is --image-channels 1; not with "
                                            "--image-channels ",
                                            *options.channels));
  }
  if (options.channels.has_value()) param->set_channels(*options.channels);
  if (options.grey) param->set_channels(1);
  if (options.colors.empty()) return absl::OkStatus();
  if (options.colors.find(',') != std::string::npos) {
    const auto matrix = ParseNumbers(options.colors, 9, 9);
    RETURN_IF_ERROR(Named("--colors", matrix.status()));
    param->mutable_color()->set_basis(v1::ColorSpace::CUSTOM);
    for (double value : *matrix) param->mutable_color()->add_matrix(value);
    return absl::OkStatus();
  }
  if (options.colors == "soft") {
    param->mutable_color()->set_basis(v1::ColorSpace::CUSTOM);
    for (double value : kSoftColors) param->mutable_color()->add_matrix(value);
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const int basis,
                   Choose("--colors", options.colors,
                          {"decorrelated", "rgb", "ycbcr", "soft"}));
  constexpr v1::ColorSpace::Basis kBases[] = {
      v1::ColorSpace::DECORRELATED, v1::ColorSpace::RGB, v1::ColorSpace::YCBCR};
  param->mutable_color()->set_basis(kBases[basis]);
  return absl::OkStatus();
}

absl::Status ApplySpectrum(const SpecOptions& options,
                           v1::Parameterization* param) {
  if (options.spectrum.empty()) return absl::OkStatus();
  if (!param->has_phase()) {
    return FlagError("--spectrum", "is for --param phase alone");
  }
  for (const std::string& image : options.spectrum)
    param->mutable_phase()->mutable_measured()->add_images(FileRef(image));
  return absl::OkStatus();
}

absl::Status ApplyStart(const SpecOptions& options,
                        v1::Parameterization* param) {
  if (!options.start_from.empty()) {
    param->mutable_init()->set_image(FileRef(options.start_from));
  }
  if (options.start_noise.has_value()) {
    RETURN_IF_ERROR(CheckFlag("--start-noise", *options.start_noise,
                              "spec.parameterization.init.noise"));
    param->mutable_init()->set_noise(*options.start_noise);
  }
  if (!options.mask.empty())
    param->mutable_mask()->set_image(FileRef(options.mask));
  return absl::OkStatus();
}

absl::Status ApplyOptimizer(const SpecOptions& options, v1::JobSpec* spec) {
  if (options.learning_rate.has_value()) {
    RETURN_IF_ERROR(CheckFlag("--lr", *options.learning_rate,
                              "spec.optimizer.learning_rate"));
    spec->mutable_optimizer()->set_learning_rate(*options.learning_rate);
  }
  if (options.optimizer.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int kind,
                   Choose("--optimizer", options.optimizer,
                          {"adam", "adamw", "nadam", "sgd", "lbfgs"}));
  v1::Optimizer* optimizer = spec->mutable_optimizer();
  switch (kind) {
    case 0:
      optimizer->mutable_adam();
      break;
    case 1:
      optimizer->mutable_adamw();
      break;
    case 2:
      optimizer->mutable_nadam();
      break;
    case 3:
      optimizer->mutable_sgd();
      break;
    default:
      optimizer->mutable_lbfgs();
      break;
  }
  return absl::OkStatus();
}

absl::Status ApplyPrecision(const std::string& text, v1::JobSpec* spec) {
  if (text.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int precision,
                   Choose("--precision", text, {"auto", "fp32", "bf16"}));
  spec->set_precision(
      static_cast<v1::JobSpec::Precision>(v1::JobSpec::AUTO + precision));
  return absl::OkStatus();
}

// The formats of what is shown in time.
bool SetAnimatedFormat(const std::string& extension, v1::Output* output) {
  if (extension == "webp") {
    output->mutable_animated_webp();
  } else if (extension == "gif") {
    output->mutable_gif();
  } else if (extension == "apng") {
    output->mutable_apng();
  } else {
    return false;
  }
  return true;
}

bool SetMeshFormat(const std::string& extension, v1::Output* output) {
  if (extension == "glb") {
    output->mutable_glb();
  } else if (extension == "obj") {
    output->mutable_obj();
  } else if (extension == "ply") {
    output->mutable_ply();
  } else if (extension == "3mf") {
    output->mutable_three_mf();
  } else if (extension == "html") {
    output->mutable_html();
  } else {
    return SetAnimatedFormat(extension, output);
  }
  return true;
}

// The name of an artifact; an OBJ names the files beside it, so it is called
// as the file, where that can be a name.
std::string ArtifactName(const std::string& path, const std::string& extension,
                         OutputStyle style, const v1::JobSpec& spec) {
  const std::string base =
      absl::AsciiStrToLower(path.substr(path.rfind('/') + 1));
  const bool can =
      style == OutputStyle::kMesh && path != "-" && base.size() <= 59 &&
      absl::ascii_isalnum(base[0]) &&
      std::all_of(base.begin(), base.end(), [](unsigned char c) {
        return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
      });
  const bool taken = std::any_of(
      spec.outputs().begin(), spec.outputs().end(),
      [&](const v1::Output& other) { return other.name() == base; });
  if (can && !taken) return base;
  const int number = spec.outputs_size();
  return absl::StrCat("image", number == 1 ? "" : absl::StrCat("-", number),
                      ".", extension);
}

// Fills the format; false when the style does not know the extension.
bool SetFormat(const std::string& extension, OutputStyle style,
               v1::Output* output) {
  const bool jpeg = extension == "jpg" || extension == "jpeg";
  if (style == OutputStyle::kMesh && SetMeshFormat(extension, output)) {
    return true;
  }
  if (style == OutputStyle::kAnimation &&
      SetAnimatedFormat(extension, output)) {
    return true;
  }
  if (extension == "ckpt") {
    output->mutable_checkpoint();
  } else if (style == OutputStyle::kSheet && extension == "png") {
    output->mutable_contact_sheet();
  } else if (style == OutputStyle::kSheet) {
    return false;
  } else if (extension == "png") {
    output->mutable_png();
  } else if (jpeg) {
    output->mutable_jpeg();
  } else if (extension == "tif" || extension == "tiff") {
    output->mutable_tiff();
  } else if (extension == "webp") {
    output->mutable_webp();
  } else {
    return false;
  }
  return true;
}

std::vector<std::string> Extensions(OutputStyle style) {
  if (style == OutputStyle::kSheet) return {"png"};
  if (style == OutputStyle::kMesh)
    return {"glb", "obj", "ply",  "3mf", "html", "png",
            "jpg", "tif", "webp", "gif", "apng", "ckpt"};
  if (style == OutputStyle::kAnimation)
    return {"webp", "gif", "apng", "png", "jpg", "tif", "ckpt"};
  return {"png", "jpg", "webp", "tif", "ckpt"};
}

// What a style is written as where nothing says otherwise.
const char* FirstExtension(OutputStyle style) {
  switch (style) {
    case OutputStyle::kAnimation:
      return "webp";
    case OutputStyle::kMesh:
      return "glb";
    case OutputStyle::kImage:
    case OutputStyle::kSheet:
      break;
  }
  return "png";
}

}  // namespace

absl::Status ApplyOptions(const SpecOptions& options, OutputStyle style,
                          v1::JobSpec* spec) {
  if (options.model.empty()) return FlagError("--model", "the name is empty");
  spec->set_model(options.model);
  v1::Parameterization* param = spec->mutable_parameterization();
  RETURN_IF_ERROR(ApplySize(options.size, param));
  RETURN_IF_ERROR(ApplyStart(options, param));
  RETURN_IF_ERROR(ApplyColors(options, param));
  RETURN_IF_ERROR(ApplySpectrum(options, param));
  RETURN_IF_ERROR(ApplyOptimizer(options, spec));
  RETURN_IF_ERROR(ApplyPrecision(options.precision, spec));
  if (!options.transforms.empty()) {
    auto transforms = ParseTransforms(options.transforms);
    RETURN_IF_ERROR(Named("--transforms", transforms.status()));
    *spec->mutable_transforms() = *std::move(transforms);
  } else {
    AddFit(spec);
  }
  RETURN_IF_ERROR(CheckGiven("--steps", options.steps, "spec.steps"));
  RETURN_IF_ERROR(CheckGiven("--checkpoint-every", options.checkpoint_every,
                             "spec.checkpoint_every"));
  RETURN_IF_ERROR(
      CheckGiven("--frame-every", options.frame_every, "spec.frames.every"));
  if (options.steps) spec->set_steps(*options.steps);
  if (options.checkpoint_every)
    spec->set_checkpoint_every(*options.checkpoint_every);
  if (options.frame_every)
    spec->mutable_frames()->set_every(*options.frame_every);
  spec->set_seed(options.seed);
  if (options.no_redirect) {
    spec->mutable_gradient_overrides()->set_redirect_relu(
        v1::GradientOverrides::REDIRECT_OFF);
  }
  RETURN_IF_ERROR(AddOutputs(options.outputs, style, spec));
  return options.sixteen_bits ? SetSixteenBits(spec) : absl::OkStatus();
}

void AddFit(v1::JobSpec* spec) {
  auto* transforms = spec->mutable_transforms();
  for (int i = transforms->size(); i-- > 0;) {
    if (transforms->Get(i).has_fit()) transforms->DeleteSubrange(i, 1);
  }
  transforms->Add()->mutable_fit();
}

absl::StatusOr<int> BaseIndex(absl::string_view name) {
  if (name.empty()) return 0;
  return Choose("--param", name, {"fourier", "pixel", "laplacian"});
}

absl::Status SetParam(absl::string_view name, v1::Parameterization* message) {
  if (name == "cppn") {
    message->mutable_cppn();
    return absl::OkStatus();
  }
  if (name == "phase") {
    message->mutable_phase();
    return absl::OkStatus();
  }
  if (BaseIndex(name).ok()) return SetBase(name, message);
  return Choose("--param", name,
                {"fourier", "pixel", "laplacian", "cppn", "phase"})
      .status();
}

absl::Status SetObjectives(absl::string_view expression, v1::Objective preset,
                           v1::JobSpec* spec) {
  spec->clear_objectives();
  if (expression.empty()) {
    *spec->add_objectives() = std::move(preset);
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<v1::Objective>> parsed =
      ParseObjectives(expression);
  RETURN_IF_ERROR(Named("--objective", parsed.status()));
  for (v1::Objective& objective : *parsed)
    *spec->add_objectives() = std::move(objective);
  return absl::OkStatus();
}

absl::Status AddOutputs(const std::vector<std::string>& paths,
                        OutputStyle style, v1::JobSpec* spec) {
  for (const std::string& path : paths) {
    // Standard output has no extension.
    const std::string extension =
        path == "-" ? FirstExtension(style) : ExtensionOf(path);
    v1::Output* output = spec->add_outputs();
    if (!SetFormat(extension, style, output)) {
      return FlagError(
          "-o", absl::StrCat("\"", path, "\" has no known extension; allowed ",
                             ExtensionsOf(style)));
    }
    output->set_name(ArtifactName(path, extension, style, *spec));
  }
  return absl::OkStatus();
}

absl::Status SetAnimations(int frames_per_second, bool ping_pong,
                           v1::JobSpec* spec) {
  const auto set = [&](const char* arm, auto* animation) -> absl::Status {
    RETURN_IF_ERROR(
        CheckFlag("--fps", frames_per_second,
                  absl::StrCat("spec.outputs.", arm, ".frames_per_second")));
    animation->set_frames_per_second(frames_per_second);
    if (ping_pong) animation->set_ping_pong(true);
    return absl::OkStatus();
  };
  for (v1::Output& output : *spec->mutable_outputs()) {
    if (output.has_animated_webp()) {
      RETURN_IF_ERROR(set("animated_webp", output.mutable_animated_webp()));
    } else if (output.has_gif()) {
      RETURN_IF_ERROR(set("gif", output.mutable_gif()));
    } else if (output.has_apng()) {
      RETURN_IF_ERROR(set("apng", output.mutable_apng()));
    }
  }
  return absl::OkStatus();
}

bool IsAnimation(const v1::Output& output) {
  return output.has_animated_webp() || output.has_gif() || output.has_apng();
}

absl::Status SetSixteenBits(v1::JobSpec* spec) {
  bool any = false;
  for (v1::Output& output : *spec->mutable_outputs()) {
    if (!output.has_png()) continue;
    output.mutable_png()->set_sixteen_bits(true);
    any = true;
  }
  if (any) return absl::OkStatus();
  return FlagError("--sixteen-bits",
                   "is for a picture as PNG; add -o FILE.png");
}

std::string ExtensionsOf(OutputStyle style) {
  return absl::StrJoin(Extensions(style), ", ");
}

}  // namespace phosphene::client
