#include "server/engine/optimize/torch_engine.h"

#include <optional>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include <ATen/Parallel.h>
#include <torch/version.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/engine/cuda/cuda_devices.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/optimize/devices.h"
#include "server/engine/optimize/network_cache.h"
#include "server/engine/optimize/outputs.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/optimize/run.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// The user's mistakes and the model store's; anything else is an accident that
// must not look like a bad spec.
bool IsAboutTheModel(const absl::Status& status) {
  return status.code() == absl::StatusCode::kNotFound ||
         status.code() == absl::StatusCode::kInvalidArgument ||
         status.code() == absl::StatusCode::kUnimplemented;
}

template <typename Kind>
void AddArms(const std::vector<const Kind*>& kinds, google::protobuf::RepeatedPtrField<std::string>* to) {
  for (const Kind* kind : kinds) to->Add(kind->arm);
}

class TorchEngine : public Engine {
 public:
  TorchEngine(EngineInputs inputs, TorchEngineOptions options)
      : inputs_(std::move(inputs)), options_(options), networks_(&inputs_) {}

  absl::StatusOr<RunResult> Run(const RunRequest& request, RunSink& sink,
                                std::stop_token stop) override {
    std::optional<absl::StatusOr<RunResult>> result;
    const absl::Status thrown =
        Guarded("run", [&] { result.emplace(RunGuarded(request, sink, std::move(stop))); });
    if (!thrown.ok()) return thrown;
    return *std::move(result);
  }

  absl::Status Check(const v1::JobSpec& spec) override {
    absl::Status status;
    const absl::Status thrown = Guarded("check", [&] { status = CheckAgainstModel(spec).status(); });
    return thrown.ok() ? status : thrown;
  }

  absl::StatusOr<ModelReport> Inspect(absl::string_view onnx, const v1::ModelConfig& config,
                                      absl::string_view source_file) override {
    std::optional<absl::StatusOr<ModelReport>> report;
    const absl::Status thrown =
        Guarded("inspect", [&] { report.emplace(InspectNetwork(onnx, config, source_file)); });
    if (!thrown.ok()) return thrown;
    return *std::move(report);
  }

  v1::Capabilities Capabilities() const override {
    v1::Capabilities out;
    out.set_version(PHOSPHENE_VERSION);
    out.set_libtorch_version(TORCH_VERSION);
    out.set_cuda(!CudaDevices().empty());
    AddArms(ParamKinds(), out.mutable_parameterizations());
    AddArms(ObjectiveKinds(), out.mutable_objectives());
    AddArms(TransformKinds(), out.mutable_transforms());
    AddArms(OptimizerKinds(), out.mutable_optimizers());
    for (const std::string& arm : OutputArms()) out.add_outputs(arm);
    for (const std::string& op : OnnxOpNames()) out.add_onnx_ops(op);
    for (const char* precision : {"AUTO", "FP32", "BF16"}) out.add_precisions(precision);
    out.mutable_limits()->set_max_canvas_pixels(kMaxCanvasPixels);
    out.mutable_limits()->set_max_rows(256);
    out.mutable_limits()->set_max_steps(kMaxSteps);
    return out;
  }

  std::vector<EngineDevice> Devices() const override {
    return ListEngineDevices(options_.threads);
  }

 private:
  // The spec's model, opened, if every check passes.
  absl::StatusOr<OpenedModel> CheckAgainstModel(const v1::JobSpec& spec) {
    OpenedModel model;
    absl::Status model_error;
    if (!spec.model().empty()) {
      absl::StatusOr<OpenedModel> opened = networks_.Open(spec.model());
      if (opened.ok()) {
        model = *std::move(opened);
      } else if (IsAboutTheModel(opened.status())) {
        model_error = opened.status();
      } else {
        return opened.status();
      }
    }
    RETURN_IF_ERROR(CheckSpec(spec, model.info.get(), model_error));
    return model;
  }

  absl::StatusOr<RunResult> RunGuarded(const RunRequest& request, RunSink& sink,
                                       std::stop_token stop) {
    PlanContext context;
    ASSIGN_OR_RETURN(context.model, CheckAgainstModel(request.spec));
    ASSIGN_OR_RETURN(const std::string device, TorchDeviceName(request.device));
    context.spec = &request.spec;
    context.inputs = &inputs_;
    context.networks = &networks_;
    context.device = at::Device(device);
    context.dtype = request.spec.precision() == v1::JobSpec::BF16 ? at::kBFloat16 : at::kFloat;
    if (context.device.is_cuda()) ConfigureCuda();
    int threads = request.threads > 0 ? request.threads : options_.threads;
    if (threads <= 0) threads = UsableCores();
    // Holds for this thread alone.
    at::set_num_threads(threads);
    return RunSpec(std::move(context), request.checkpoint, sink, std::move(stop));
  }

  const EngineInputs inputs_;
  const TorchEngineOptions options_;
  NetworkCache networks_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> MakeTorchEngine(EngineInputs inputs,
                                                        TorchEngineOptions options) {
  if (options.threads < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("threads: ", options.threads, " is out of range; 0 or more"));
  }
  if (!inputs.read_blob) {
    inputs.read_blob = [](absl::string_view name) -> absl::StatusOr<std::string> {
      return absl::NotFoundError(absl::StrCat("no blobs are here, so none named ", name));
    };
  }
  if (!inputs.open_model) {
    inputs.open_model = [](absl::string_view name) -> absl::StatusOr<ModelFile> {
      return absl::NotFoundError(absl::StrCat("no models are here, so none named ", name));
    };
  }
  return std::make_unique<TorchEngine>(std::move(inputs), options);
}

}  // namespace phosphene
