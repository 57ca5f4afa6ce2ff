// The engine on libtorch: devices, networks, jobs.

#include "server/engine/optimize/torch_engine.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include <torch/version.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/memory_limit.h"
#include "server/base/status_macros.h"
#include "server/engine/cuda/cuda_devices.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/optimize/budget.h"
#include "server/engine/optimize/completed_spec.h"
#include "server/engine/optimize/device_session.h"
#include "server/engine/optimize/devices.h"
#include "server/engine/optimize/file_check.h"
#include "server/engine/optimize/memory_book.h"
#include "server/engine/optimize/network_cache.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/optimize/precision.h"
#include "server/engine/optimize/session.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/optimize/tiling.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/transforms/interface.h"
#include "server/rules/spec_rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

// Of the memory, for networks that nobody uses.
constexpr int64_t kIdleShare = 16;
constexpr int64_t kTrialSide = 224;  // pixels, where the network takes any size

// The user's mistakes and the model store's; anything else is an accident that
// must not look like a bad spec.
bool IsAboutTheModel(const absl::Status& status) {
  return status.code() == absl::StatusCode::kNotFound ||
         status.code() == absl::StatusCode::kInvalidArgument ||
         status.code() == absl::StatusCode::kUnimplemented;
}

template <typename Kind>
void AddArms(const std::vector<const Kind*>& kinds,
             google::protobuf::RepeatedPtrField<std::string>* to) {
  for (const Kind* kind : kinds) to->Add(kind->arm);
}

class TorchEngine : public Engine {
 public:
  TorchEngine(EngineInputs inputs, TorchEngineOptions options)
      : inputs_(std::move(inputs)),
        options_(std::move(options)),
        networks_(&inputs_, std::min(NetworkCache::kIdleBytes,
                                     MemoryLimit() / kIdleShare)),
        precisions_(options_.precision_file) {}

  absl::StatusOr<std::unique_ptr<JobSession>> Open(
      const RunRequest& request, RunSink& sink, std::stop_token stop) override {
    ASSIGN_OR_RETURN(const std::string device, TorchDeviceName(request.device));
    DeviceSession::Options options;
    options.gpu =
        at::Device(device).is_cuda() ? at::Device(device).index() : -1;
    options.threads = options_.threads > 0 ? options_.threads : UsableCores();
    options.estimate = MemoryOf(request.spec);
    options.measured = [this, kind = MemoryBook::KindOf(request.spec)](
                           const JobMemory& memory) {
      memories_.Remember(kind, memory);
    };
    return DeviceSession::Open(std::move(options), request.threads, [&] {
      return OpenSession(request, device, sink, std::move(stop));
    });
  }

  JobMemory MemoryOf(const v1::JobSpec& spec) override {
    if (const auto known = memories_.Find(MemoryBook::KindOf(spec)))
      return *known;
    JobMemory memory;
    const absl::Status thrown = Guarded("estimating", [&] {
      PlanContext context;
      if (!spec.model().empty()) {
        // One that is not there takes nothing: opening says so.
        auto model = networks_.Open(spec.model());
        if (!model.ok()) return;
        context.model = *std::move(model);
      }
      const v1::JobSpec whole = CompleteSpec(spec, context.model.info.get());
      context.spec = &whole;
      context.memory = Devices()[0].memory_bytes;
      memory = EstimateMemory(context);
    });
    if (!thrown.ok())
      LogWarn("memory of a job not estimated", {{"why", thrown.ToString()}});
    return memory;
  }

  absl::Status Check(const v1::JobSpec& spec) override {
    absl::Status status;
    const absl::Status thrown = Guarded("check", [&] {
      Verdict verdict;
      status = CheckAgainstModel(spec).status();
      // An accident that is not about the spec is the answer.
      if (!status.ok() && !verdict.Join(status, "spec")) return;
      CheckFiles(spec, inputs_, verdict);
      status = verdict.ToStatus();
    });
    return thrown.ok() ? status : thrown;
  }

  absl::StatusOr<ModelReport> Inspect(absl::string_view onnx,
                                      const v1::ModelConfig& config,
                                      absl::string_view source_file) override {
    std::optional<absl::StatusOr<ModelReport>> report;
    const absl::Status thrown = Guarded("inspect", [&] {
      report.emplace(InspectNetwork(onnx, config, source_file));
    });
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
    AddArms(OutputKinds(), out.mutable_outputs());
    for (const std::string& op : OnnxOpNames()) out.add_onnx_ops(op);
    for (const char* precision : {"AUTO", "FP32", "BF16"})
      out.add_precisions(precision);
    *out.mutable_limits() = RuleLimits();
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

  absl::StatusOr<std::unique_ptr<Session>> OpenSession(
      const RunRequest& request, const std::string& device, RunSink& sink,
      std::stop_token stop) {
    PlanContext context;
    ASSIGN_OR_RETURN(context.model, CheckAgainstModel(request.spec));
    v1::JobSpec whole = CompleteSpec(request.spec, context.model.info.get());
    context.spec = &whole;
    context.inputs = &inputs_;
    context.networks = &networks_;
    context.device = at::Device(device);
    for (const EngineDevice& known : Devices()) {
      const bool is_cpu = known.kind == v1::Device::CPU;
      if (known.name == device || (is_cpu && context.device.is_cpu()))
        context.memory = known.memory_bytes;
    }
    RETURN_IF_ERROR(CheckMemory(context, request.device));
    if (context.device.is_cuda()) ConfigureCuda();
    // A checkpoint knows its own.
    if (request.checkpoint.empty()) {
      ASSIGN_OR_RETURN(context.dtype, ChooseDtype(context));
    }
    auto session =
        std::make_unique<Session>(std::move(whole), request.spec,
                                  std::move(context), sink, std::move(stop));
    RETURN_IF_ERROR(session->Start(request.checkpoint));
    return session;
  }

  // Refuses what cannot fit; what passes may still run out.
  absl::Status CheckMemory(const PlanContext& context,
                           const std::string& device) const {
    const v1::JobSpec& spec = *context.spec;
    const bool reads_network =
        std::any_of(spec.objectives().begin(), spec.objectives().end(),
                    [](const auto& o) { return !LayersOf(o).empty(); });
    const int64_t needed = LeastMemory(spec, reads_network);
    for (const EngineDevice& known : Devices()) {
      const bool is_cpu = known.kind == v1::Device::CPU;
      if (known.name != device && !(is_cpu && context.device.is_cpu()))
        continue;
      if (needed <= known.memory_bytes) return absl::OkStatus();
      return absl::ResourceExhaustedError(
          absl::StrCat("the job needs at least ", needed >> 20, " MiB, ",
                       known.name, " has ", known.memory_bytes >> 20,
                       " MiB; a smaller canvas or fewer rows need less"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<at::ScalarType> ChooseDtype(const PlanContext& context) {
    const v1::JobSpec& spec = *context.spec;
    if (spec.precision() == v1::JobSpec::BF16) return at::kBFloat16;
    const bool measure = spec.precision() != v1::JobSpec::FP32 &&
                         context.device.is_cpu() &&
                         !options_.precision_file.empty() && CpuHasBf16();
    ASSIGN_OR_RETURN(const std::vector<std::string> layers,
                     NetworkLayers(context));
    if (!measure || layers.empty()) return at::kFloat;
    const std::string key =
        absl::StrCat(Devices()[0].description, "|", context.model.key, "|",
                     absl::StrJoin(layers, ","));
    if (const auto known = precisions_.Find(key); known.has_value())
      return *known;
    const auto [height, width] = FittingSize(
        context.model.info->SizesOf(layers), kTrialSide, kTrialSide);
    ASSIGN_OR_RETURN(
        const PrecisionTrial trial,
        TryPrecisions(networks_, context.model, layers,
                      CompileOptionsOf(spec, context.device, at::kFloat),
                      height, width));
    LogInfo("measured precisions", {{"model", context.model.key},
                                    {"fp32_ms", absl::StrCat(trial.fp32_ms)},
                                    {"bf16_ms", absl::StrCat(trial.bf16_ms)},
                                    {"bf16_error", absl::StrCat(trial.error)}});
    return precisions_.Remember(key, FasterWithinTolerance(trial));
  }

  // Layers of the network that the objectives read, resolved and sorted.
  static absl::StatusOr<std::vector<std::string>> NetworkLayers(
      const PlanContext& context) {
    std::set<std::string> layers;
    for (const v1::Objective& objective : context.spec->objectives()) {
      for (const std::string& name : LayersOf(objective)) {
        if (name.empty()) {
          layers.insert(context.model.info->Logits());
          continue;
        }
        ASSIGN_OR_RETURN(std::string resolved,
                         context.model.info->Resolve(name));
        layers.insert(std::move(resolved));
      }
    }
    return std::vector<std::string>(layers.begin(), layers.end());
  }

  const EngineInputs inputs_;
  const TorchEngineOptions options_;
  NetworkCache networks_;
  MemoryBook memories_;
  PrecisionMemory precisions_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> MakeTorchEngine(
    EngineInputs inputs, TorchEngineOptions options) {
  if (options.threads < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "threads: ", options.threads, " is out of range; 0 or more"));
  }
  if (!inputs.read_blob) {
    inputs.read_blob =
        [](absl::string_view name) -> absl::StatusOr<std::string> {
      return absl::NotFoundError(
          absl::StrCat("no blobs are here, so none named ", name));
    };
  }
  if (!inputs.open_model) {
    inputs.open_model =
        [](absl::string_view name) -> absl::StatusOr<ModelFile> {
      return absl::NotFoundError(
          absl::StrCat("no models are here, so none named ", name));
    };
  }
  return std::make_unique<TorchEngine>(std::move(inputs), std::move(options));
}

}  // namespace phosphene
