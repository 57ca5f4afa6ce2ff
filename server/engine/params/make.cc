// Makes a parameterization: its kind, its start, its mask.
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/engine/params/interface.h"
#include "server/engine/params/mask.h"
#include "server/engine/params/morph.h"
#include "server/engine/params/resize.h"
#include "server/engine/params/surface.h"

namespace phosphene {
namespace {

// At the size that the parameterization starts from.
absl::StatusOr<at::Tensor> LoadStartImage(const ParamContext& context,
                                          const Canvas& canvas,
                                          const std::string& blob,
                                          int64_t channels) {
  if (!context.load_image)
    return absl::FailedPreconditionError("no images can be loaded here");
  ASSIGN_OR_RETURN(const at::Tensor image, context.load_image(blob));
  return ResizeImage(ConvertChannels(image, channels), canvas.height,
                     canvas.width)
      .to(context.device);
}

absl::Status StartFromImage(Param& param, const at::Tensor& image,
                            const std::string& field) {
  const absl::Status status = param.SetImage(image);
  return status.ok() ? status : Annotate(status, field);
}

absl::Status StartFromConstant(Param& param,
                               const v1::Init::ConstantInit& constant,
                               const Canvas& canvas, at::Device device) {
  at::Tensor color = at::empty({1, canvas.channels, 1, 1}, at::kFloat);
  for (int64_t c = 0; c < canvas.channels; ++c) {
    color.select(1, c).fill_(
        constant.values(constant.values_size() == 1 ? 0 : c));
  }
  return StartFromImage(
      param,
      color.expand({1, canvas.channels, canvas.height, canvas.width})
          .to(device),
      "init.constant");
}

absl::Status StartFromCheckpoint(Param& param, const std::string& blob,
                                 const ParamContext& context) {
  if (!context.load_tensors) {
    return absl::FailedPreconditionError("no checkpoints can be loaded here");
  }
  ASSIGN_OR_RETURN(const auto tensors, context.load_tensors(blob));
  const absl::Status status = LoadTensors(param, tensors);
  return status.ok() ? status
                     : Annotate(status, absl::StrCat("init.checkpoint ", blob));
}

// Moves `param` from its random start to the one asked for, and adds the
// random start back with the factor `noise`.
absl::Status ApplyInit(Param& param, const v1::Init& init,
                       const ParamContext& context) {
  const at::NoGradGuard no_grad;
  const Canvas canvas = param.StartCanvas(context.canvas);
  std::vector<at::Tensor> random;
  if (init.noise() > 0) {
    for (const ParamTensor& tensor : param.Tensors())
      random.push_back(tensor.value.clone());
  }
  switch (init.kind_case()) {
    case v1::Init::kImage: {
      ASSIGN_OR_RETURN(
          const at::Tensor image,
          LoadStartImage(context, canvas, init.image(), canvas.channels));
      RETURN_IF_ERROR(StartFromImage(param, image, "init.image"));
      break;
    }
    case v1::Init::kConstant:
      RETURN_IF_ERROR(
          StartFromConstant(param, init.constant(), canvas, context.device));
      break;
    case v1::Init::kCheckpoint:
      RETURN_IF_ERROR(StartFromCheckpoint(param, init.checkpoint(), context));
      break;
    case v1::Init::kMorph:
      RETURN_IF_ERROR(StartFromMorph(param, init.morph(), context));
      break;
    case v1::Init::kOriginal:
      if (param.surface() == nullptr) {
        return absl::InvalidArgumentError(
            "init.original: there is no object with a texture of its own");
      }
      RETURN_IF_ERROR(param.surface()->SetOriginal());
      break;
    case v1::Init::KIND_NOT_SET:
      return absl::OkStatus();
  }
  const std::vector<ParamTensor> tensors = param.Tensors();
  for (size_t i = 0; i < random.size(); ++i) {
    at::Tensor(tensors[i].value).add_(random[i], init.noise());
  }
  return absl::OkStatus();
}

// What the mask of the job kept that the checkpoint is of; undefined where
// there was none. A mask of this job keeps the same.
absl::StatusOr<at::Tensor> KeptStart(const v1::Init& init,
                                     const ParamContext& context,
                                     const Canvas& canvas) {
  if (!init.has_checkpoint()) return at::Tensor();
  ASSIGN_OR_RETURN(const auto tensors, context.load_tensors(init.checkpoint()));
  const auto kept = tensors.find(kMaskStart);
  if (kept == tensors.end()) return at::Tensor();
  const at::Tensor& start = kept->second;
  if (start.dim() != 4 || start.size(0) != canvas.rows ||
      start.size(1) != canvas.channels) {
    return absl::FailedPreconditionError(absl::StrCat(
        "init.checkpoint ", init.checkpoint(), ": under its mask is ",
        absl::StrJoin(start.sizes(), "x"), "; this parameterization has ",
        canvas.rows, " rows of ", canvas.channels, " channels"));
  }
  return ResizeImage(start, canvas.height, canvas.width)
      .clone()
      .to(context.device);
}

}  // namespace

absl::Status LoadTensors(Param& param,
                         const std::map<std::string, at::Tensor>& values) {
  const std::vector<ParamTensor> tensors = param.Tensors();
  for (const ParamTensor& tensor : tensors) {
    if (tensor.working != nullptr) continue;
    const auto it = values.find(tensor.name);
    if (it == values.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("holds no tensor \"", tensor.name,
                       "\"; its parameterization differs"));
    }
    if (it->second.sizes() != tensor.value.sizes()) {
      return absl::FailedPreconditionError(
          absl::StrCat("tensor \"", tensor.name, "\" is ",
                       absl::StrJoin(it->second.sizes(), "x"),
                       "; this parameterization needs ",
                       absl::StrJoin(tensor.value.sizes(), "x")));
    }
  }
  const at::NoGradGuard no_grad;
  for (const ParamTensor& tensor : tensors) {
    if (tensor.working == nullptr)
      at::Tensor(tensor.value).copy_(values.at(tensor.name));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Param>> MakeParam(
    const v1::Parameterization& spec, const ParamContext& context) {
  const ParamKind* kind = FindParamKind(spec);
  if (kind == nullptr)
    return absl::UnimplementedError("parameterization: not built in");
  ASSIGN_OR_RETURN(std::unique_ptr<Param> param, kind->make(spec, context));
  if (spec.has_init()) RETURN_IF_ERROR(ApplyInit(*param, spec.init(), context));
  if (!spec.has_mask()) return param;
  const Canvas canvas = param->StartCanvas(context.canvas);
  ASSIGN_OR_RETURN(at::Tensor mask,
                   LoadStartImage(context, canvas, spec.mask().image(), 1));
  if (spec.mask().invert()) mask = 1 - mask;
  if (param->TakeMask(mask)) return param;
  ASSIGN_OR_RETURN(at::Tensor start, KeptStart(spec.init(), context, canvas));
  return MakeMasked(std::move(param), mask.contiguous(), std::move(start));
}

}  // namespace phosphene
