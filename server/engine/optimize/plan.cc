// Turns a spec into the parts an octave runs on.

#include "server/engine/optimize/plan.h"

#include <algorithm>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/engine/optimize/checkpoint.h"
#include "server/engine/optimize/completed_spec.h"
#include "server/engine/optimize/enlarger.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/params/resize.h"
#include "server/engine/params/surface.h"
#include "server/engine/step/tiles.h"
#include "server/engine/tensor/image_tensor.h"
#include "server/imaging/decode.h"

namespace phosphene {
namespace {

// As f32 RGB this is 1.6 GB.
constexpr int64_t kMaxBlobPixels = int64_t{1} << 27;

absl::StatusOr<std::map<std::string, at::Tensor>> LoadParameters(
    const EngineInputs& inputs, absl::string_view blob) {
  ASSIGN_OR_RETURN(const std::string bytes, inputs.read_blob(blob));
  const auto checkpoint = ParseCheckpoint(bytes);
  if (!checkpoint.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(blob, ": ", std::string(checkpoint.status().message())));
  }
  std::map<std::string, at::Tensor> tensors = checkpoint->Under("param/");
  tensors.merge(checkpoint->Under("param_state/"));
  return tensors;
}

std::map<std::string, at::Tensor> TensorsOf(Param& param) {
  std::map<std::string, at::Tensor> tensors;
  for (const ParamTensor& tensor : param.Tensors())
    tensors[tensor.name] = tensor.value.detach();
  return tensors;
}

// The next octave starts from the last one's image; where the parameterization
// cannot, but has no resolution either (cppn), from its tensors as they are. A
// start image gives back the detail the coarser octave could not hold, as in
// DeepDream; `param` still is at that start.
absl::Status HandOver(const v1::JobSpec& spec, Param& previous,
                      const Canvas& coarse, const Canvas& canvas,
                      Param& param) {
  const at::NoGradGuard no_grad;
  // A surface keeps its texture, however large the views of it are.
  if (param.surface() != nullptr) {
    std::map<std::string, at::Tensor> beside;
    previous.Save(&beside);
    param.Load(beside);
    return LoadTensors(param, TensorsOf(previous));
  }
  const Enlarger enlarger(spec);
  at::Tensor image = enlarger.Render(previous, coarse, canvas);
  if (spec.parameterization().init().has_image()) {
    const at::Tensor start = param.Render(canvas.height, canvas.width);
    image = (image + enlarger.FinerThan(coarse, start)).clamp_(0, 1);
  }
  const absl::Status as_image = param.SetImage(image);
  if (as_image.code() != absl::StatusCode::kUnimplemented) return as_image;
  if (LoadTensors(param, TensorsOf(previous)).ok()) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(
      "spec.optimizer.octaves: ", std::string(as_image.message())));
}

absl::StatusOr<std::unique_ptr<Param>> MakeOctaveParam(
    const PlanContext& context, const Canvas& canvas, int64_t octave,
    Param* previous) {
  v1::Parameterization spec = context.spec->parameterization();
  spec.set_width(static_cast<int32_t>(canvas.width));
  spec.set_height(static_cast<int32_t>(canvas.height));
  ParamContext made;
  made.canvas = canvas;
  made.seed = context.spec->seed();
  made.device = context.device;
  made.load_image = [&context](absl::string_view blob) {
    return LoadImageBlob(*context.inputs, blob);
  };
  made.read_blob = context.inputs->read_blob;
  made.load_tensors = [&context](absl::string_view blob) {
    return LoadParameters(*context.inputs, blob);
  };
  auto param = MakeParam(spec, made);
  if (!param.ok()) return Annotate(param.status(), "spec.parameterization");
  if (previous != nullptr) {
    RETURN_IF_ERROR(HandOver(*context.spec, *previous,
                             OctaveCanvas(*context.spec, octave - 1), canvas,
                             **param));
  }
  return param;
}

// A reference image as the network takes it: in its channels, and where the
// job's transforms fit pictures to the network, in a size it takes.
at::Tensor AsInput(const PlanContext& context, at::Tensor image,
                   const std::vector<std::string>& layers) {
  const NetworkInfo& network = *context.model.info;
  const int64_t channels = network.input_channels();
  if (channels == 1 || channels == 3) image = ConvertChannels(image, channels);
  const auto& transforms = context.spec->transforms();
  const InputSizes sizes = network.SizesOf(layers);
  const bool fits =
      std::any_of(transforms.begin(), transforms.end(),
                  [](const auto& transform) { return transform.has_fit(); });
  if (!fits || sizes.Takes(image.size(2), image.size(3))) return image;
  const auto [height, width] = FittingSize(sizes, image.size(2), image.size(3));
  return ResizeImage(image, height, width);
}

// Runs layers once on an image: fixed targets.
absl::StatusOr<std::map<std::string, at::Tensor>> RunOnce(
    const PlanContext& context, const at::Tensor& image,
    const std::vector<std::string>& layers) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> out;
  std::vector<std::string> computed;
  for (const std::string& layer : layers) {
    if (layer == "input" || layer == "image") {
      out[layer] = image.to(context.device);
    } else {
      computed.push_back(layer);
    }
  }
  if (computed.empty()) return out;
  if (context.model.info == nullptr)
    return absl::InvalidArgumentError("the job names no model");
  ASSIGN_OR_RETURN(
      const std::shared_ptr<const Network> network,
      context.networks->Compile(
          context.model, computed,
          CompileOptionsOf(*context.spec, context.device, context.dtype)));
  const at::Tensor input = AsInput(context, image, computed);
  for (auto& [layer, value] : network->Forward(input.to(context.device))) {
    out[layer] = value;
  }
  return out;
}

// Likewise in tiles.
absl::Status RunInTiles(const PlanContext& context, const at::Tensor& image,
                        const std::vector<std::string>& layers,
                        const LookFn& look) {
  ASSIGN_OR_RETURN(
      const TileGrid grid,
      MakeTileGrid(*context.model.info, layers, context.tile, /*beyond=*/0));
  ASSIGN_OR_RETURN(
      const std::shared_ptr<const Network> network,
      context.networks->Compile(
          context.model, layers,
          CompileOptionsOf(*context.spec, context.device, context.dtype)));
  LookInTiles(grid, *network, image.to(context.device), look);
  return absl::OkStatus();
}

absl::Status MakeObjectives(const PlanContext& context, Parts& parts) {
  const v1::JobSpec& spec = *context.spec;
  ObjectiveContext made;
  made.network = context.model.info.get();
  made.canvas = parts.canvas;
  made.seed = spec.seed();
  made.device = context.device;
  made.load_image = [&context](absl::string_view blob) {
    return LoadImageBlob(*context.inputs, blob);
  };
  made.run_once = [&context](const at::Tensor& image,
                             const std::vector<std::string>& layers) {
    return RunOnce(context, image, layers);
  };
  if (context.tile > 0) {
    made.run_in_tiles = [&context](const at::Tensor& image,
                                   const std::vector<std::string>& layers,
                                   const LookFn& look) {
      return RunInTiles(context, image, layers, look);
    };
  }
  if (Surface* const surface = parts.param->surface(); surface != nullptr) {
    made.seam_step = [surface](int64_t levels) {
      return surface->SeamStep(levels);
    };
  }
  for (int i = 0; i < spec.objectives_size(); ++i) {
    const v1::Objective& objective = spec.objectives(i);
    ObjectivePart part;
    auto fn = MakeObjective(objective, made);
    if (!fn.ok())
      return Annotate(fn.status(), absl::StrCat("spec.objectives[", i, "]"));
    part.fn = *std::move(fn);
    if (objective.has_weight()) part.share.set_weight(objective.weight());
    if (objective.has_row()) part.share.set_row(objective.row());
    part.label = ObjectiveLabel(objective);
    parts.wants_input_alpha =
        parts.wants_input_alpha || ReadsTransformedAlpha(objective);
    parts.objectives.push_back(std::move(part));
  }
  parts.wants_original = made.wants_original;
  parts.wants_coverage = made.wants_coverage;
  parts.companions = std::move(made.companions);
  for (Companion& companion : parts.companions) {
    companion.image = companion.image.to(context.device, at::kFloat);
  }
  if (made.layers.empty()) return absl::OkStatus();
  parts.network_channels = context.model.info->input_channels();
  ASSIGN_OR_RETURN(parts.network,
                   context.networks->Compile(
                       context.model, made.layers,
                       CompileOptionsOf(spec, context.device, context.dtype)));
  return absl::OkStatus();
}

}  // namespace

CompileOptions CompileOptionsOf(const v1::JobSpec& spec, at::Device device,
                                at::ScalarType dtype) {
  CompileOptions options;
  options.device = device;
  options.dtype = dtype;
  if (spec.gradient_overrides().max_pool() !=
      v1::GradientOverrides::MAX_POOL_GRADIENT_UNSPECIFIED) {
    options.max_pool = spec.gradient_overrides().max_pool();
  }
  options.linear_relu = spec.gradient_overrides().linear_relu();
  return options;
}

ImageLimits BlobImageLimits() {
  ImageLimits limits;
  limits.max_pixels = kMaxBlobPixels;
  return limits;
}

absl::StatusOr<at::Tensor> LoadImageBlob(const EngineInputs& inputs,
                                         absl::string_view blob) {
  ASSIGN_OR_RETURN(const std::string bytes, inputs.read_blob(blob));
  DecodeOptions options;
  options.limits = BlobImageLimits();
  auto image = DecodeImage(bytes, options);
  if (!image.ok()) return Annotate(image.status(), blob);
  return ToTensor(*image);
}

absl::StatusOr<Parts> MakeParts(const PlanContext& context, int64_t octave,
                                Param* previous) {
  const v1::JobSpec& spec = *context.spec;
  Parts parts;
  parts.canvas = OctaveCanvas(spec, octave);
  ASSIGN_OR_RETURN(parts.param,
                   MakeOctaveParam(context, parts.canvas, octave, previous));
  ASSIGN_OR_RETURN(parts.transforms,
                   TransformChain::Make(spec.transforms(), parts.canvas.height,
                                        parts.canvas.width));
  RETURN_IF_ERROR(MakeObjectives(context, parts));
  const OptimizerKind& optimizer = *FindOptimizerKind(spec.optimizer());
  const std::vector<ParamTensor> tensors = parts.param->Tensors();
  const bool in_tiles =
      std::any_of(tensors.begin(), tensors.end(),
                  [](const ParamTensor& t) { return t.working != nullptr; });
  if (optimizer.searches && in_tiles) {
    return FieldError(
        absl::StrCat("spec.optimizer.", optimizer.arm),
        "needs the same parameters at every step, and an atlas in "
        "tiles works on those that are seen; use adam");
  }
  parts.optimizer = optimizer.make(spec.optimizer(), tensors);
  return parts;
}

}  // namespace phosphene
