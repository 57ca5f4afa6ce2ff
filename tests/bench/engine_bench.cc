// Steps a second of the engine, without server or store; kUsage tells all.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/mapped_file.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/engine/cuda/cuda_devices.h"
#include "server/engine/cuda/step_graph.h"
#include "server/engine/cuda/stream_scope.h"
#include "server/engine/onnx/ops/shared/thread_trust.h"
#include "server/engine/optimize/devices.h"
#include "server/engine/optimize/network_cache.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/outputs/frame.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/step/replay_rules.h"
#include "server/engine/step/replayed.h"
#include "server/engine/step/whole.h"
#include "server/engine/tensor/guard.h"
#include "server/engine/tensor/width.h"

// The server's allocator, set as there (server/process.cc).
extern "C" {
const char* malloc_conf =
    "background_thread:true,oversize_threshold:1,dirty_decay_ms:30000,muzzy_"
    "decay_ms:0,thp:always";
}

namespace phosphene {
namespace {

using Clock = std::chrono::steady_clock;

double Milliseconds(Clock::duration span) {
  return std::chrono::duration<double, std::milli>(span).count();
}

constexpr char kUsage[] =
    R"(Steps a second of the engine, without server or store.

  engine_bench --model googlenet.onnx --bgr --mean 104,117,123 --range 0,255
      --layer inception_4c/output --channel 10 --size 224 --batch 1,4
      --dtype fp32,bf16 --threads 2 --json

Says how long a step takes (median and mean), in which parts, and which share of
this machine's own fp32 GEMM rate the convolutions reach, for each combination
of the lists. On a GPU steps are recorded and replayed as CUDA graphs:
replayed_steps says how many of those timed were, why_eager why not; the parts of
replayed steps have no times. On several threads the first step at a size tries
which operations keep the bits of one thread: kinds_tried, kinds_on_one_thread,
first_step_ms.

  --model FILE, --layer NAME   required
  --channel N                  of the layer                       (0)
  --style FILE                 instead: Gram matrices of this picture at the
                               layers --layer A,B,...
  --size N,...                 pixels a side                      (224)
  --batch N,...                rows                               (1)
  --dtype fp32|bf16,...                                           (fp32)
  --threads N,...              0: all cores                       (0)
  --device cpu|cuda:0                                             (cpu)
  --graph on|off               on a GPU: record and replay steps  (on)
  --steps N, --warmup N        timed, and before them; ReLUs are
                               redirected until step 16           (64, 20)
  --transforms standard|none                                      (standard)
  --param fourier|pixel                                           (fourier)
  --seed N                                                        (0)
  --mean A,.. --std A,.. --range LO,HI --bgr   as the model takes images
  --json                       one object a line
  -o FILE                      writes the image after all steps
)";

// Flags by name; those without a value hold "".
struct Flags {
  std::map<std::string, std::string> values = {{"model", ""},
                                               {"layer", ""},
                                               {"channel", "0"},
                                               {"size", "224"},
                                               {"batch", "1"},
                                               {"steps", "64"},
                                               {"warmup", "20"},
                                               {"threads", "0"},
                                               {"dtype", "fp32"},
                                               {"transforms", "standard"},
                                               {"param", "fourier"},
                                               {"seed", "0"},
                                               {"mean", ""},
                                               {"std", ""},
                                               {"range", "0,1"},
                                               {"device", "cpu"},
                                               {"graph", "on"},
                                               {"style", ""},
                                               {"o", ""}};
  bool bgr = false, json = false, help = false;

  absl::Status Parse(int argc, char** argv) {
    std::vector<std::string> known = {"bgr", "json", "help"};
    for (const auto& [name, value] : values) known.push_back(name);
    for (int i = 1; i < argc; ++i) {
      std::string name = argv[i];
      name.erase(0, std::min(name.find_first_not_of('-'), name.size()));
      if (name == "bgr" || name == "json" || name == "help") {
        (name == "bgr" ? bgr : name == "json" ? json : help) = true;
      } else if (values.count(name) && i + 1 < argc) {
        values[name] = argv[++i];
      } else {
        return absl::InvalidArgumentError(
            absl::StrCat("flag ", argv[i],
                         values.count(name) ? " needs a value" : " is unknown",
                         values.count(name) ? "" : NearestHint(name, known)));
      }
    }
    if (help) return absl::OkStatus();
    if (values["model"].empty() || values["layer"].empty()) {
      return absl::InvalidArgumentError(
          "--model and --layer are required; --help tells all");
    }
    return CheckValues();
  }

  // Numbers are numbers, and words those that are known.
  absl::Status CheckValues() const {
    for (const char* name :
         {"channel", "size", "steps", "warmup", "threads", "batch"}) {
      const bool positive = name == std::string("size") ||
                            name == std::string("steps") ||
                            name == std::string("batch");
      for (const std::string& part : List(name)) {
        int value = 0;
        if (absl::SimpleAtoi(part, &value) && value >= (positive ? 1 : 0))
          continue;
        return absl::InvalidArgumentError(
            absl::StrCat("--", name, " ", part, ": a number of ",
                         positive ? 1 : 0, " or more is needed"));
      }
    }
    const std::map<std::string, std::vector<std::string>> words = {
        {"dtype", {"fp32", "bf16"}},
        {"transforms", {"standard", "none"}},
        {"param", {"fourier", "pixel"}},
        {"graph", {"on", "off"}}};
    for (const auto& [name, allowed] : words) {
      for (const std::string& part : List(name)) {
        if (std::count(allowed.begin(), allowed.end(), part) > 0) continue;
        return absl::InvalidArgumentError(absl::StrCat(
            "--", name, " ", part,
            " is unknown; allowed: ", absl::StrJoin(allowed, ", ")));
      }
    }
    return absl::OkStatus();
  }

  std::vector<std::string> List(const std::string& name) const {
    return absl::StrSplit(Text(name), ',', absl::SkipEmpty());
  }
  const std::string& Text(const std::string& name) const {
    return values.at(name);
  }
  int Int(const std::string& name) const {
    return std::atoi(values.at(name).c_str());
  }
  std::vector<double> Numbers(const std::string& name) const {
    std::vector<double> out;
    for (const absl::string_view part :
         absl::StrSplit(Text(name), ',', absl::SkipEmpty())) {
      double value = 0;
      if (absl::SimpleAtod(part, &value)) out.push_back(value);
    }
    return out;
  }
};

v1::ModelConfig ConfigOf(const Flags& flags) {
  v1::ModelConfig config;
  const std::vector<double> range = flags.Numbers("range");
  if (range.size() == 2) {
    config.set_range_lo(range[0]);
    config.set_range_hi(range[1]);
  }
  for (const double value : flags.Numbers("mean")) config.add_mean(value);
  for (const double value : flags.Numbers("std")) config.add_std(value);
  if (flags.bgr) config.set_channel_order(v1::ModelConfig::BGR);
  return config;
}

// The one blob there is: the picture of --style.
std::string StyleBlob() { return "blobs/" + std::string(64, 'a'); }

v1::JobSpec SpecOf(const Flags& flags) {
  v1::JobSpec spec;
  spec.set_model("bench");
  spec.mutable_parameterization()->set_width(flags.Int("size"));
  spec.mutable_parameterization()->set_rows(flags.Int("batch"));
  if (flags.Text("param") == "pixel") {
    spec.mutable_parameterization()->mutable_pixel();
  } else {
    spec.mutable_parameterization()->mutable_fourier();
  }
  if (flags.Text("transforms") == "standard") {
    spec.add_transforms()->mutable_preset()->set_name(
        v1::PresetTransform::STANDARD);
  }
  if (flags.Text("style").empty()) {
    auto* channel = spec.add_objectives()->mutable_channel();
    channel->set_layer(flags.Text("layer"));
    channel->set_channel(flags.Int("channel"));
  } else {
    auto* style = spec.add_objectives()->mutable_gram_style();
    for (const std::string& layer : flags.List("layer"))
      style->add_layers()->set_layer(layer);
    style->add_styles()->set_image(StyleBlob());
  }
  spec.set_steps(flags.Int("steps") + flags.Int("warmup"));
  spec.set_seed(std::strtoull(flags.Text("seed").c_str(), nullptr, 10));
  return spec;
}

// GFLOP/s of a large fp32 matrix product on that many threads, best of five.
double GemmRate(int threads) {
  constexpr int64_t kSide = 1536;
  at::set_num_threads(threads);
  const at::Tensor a = at::rand({kSide, kSide}), b = at::rand({kSide, kSide});
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const Clock::time_point start = Clock::now();
    at::mm(a, b);
    best = std::min(best, Milliseconds(Clock::now() - start));
  }
  at::set_num_threads(1);
  return 2.0 * kSide * kSide * kSide / best / 1e6;
}

// What was measured, in the order it is told.
using Report = std::vector<std::pair<std::string, std::string>>;

void Tell(const Report& report, bool json) {
  if (!json) {
    for (const auto& [key, value] : report)
      std::printf("%-24s %s\n", key.c_str(), value.c_str());
    return;
  }
  std::vector<std::string> fields;
  double number = 0;
  for (const auto& [key, value] : report) {
    const bool plain = absl::SimpleAtod(value, &number);
    fields.push_back(absl::StrCat(
        "\"", key, "\":", plain ? value : absl::StrCat("\"", value, "\"")));
  }
  std::printf("{%s}\n", absl::StrJoin(fields, ",").c_str());
}

// Where and how the steps run.
struct Placement {
  at::Device device = at::kCPU;
  std::unique_ptr<StepReplay> replay;
  std::string why_eager = "off";  // "" where steps are replayed
};

absl::StatusOr<Placement> Place(const Flags& flags, const v1::JobSpec& spec) {
  Placement out;
  ASSIGN_OR_RETURN(const std::string name,
                   TorchDeviceName(flags.Text("device")));
  out.device = at::Device(name);
  if (!out.device.is_cuda()) {
    out.why_eager = "graphs are for CUDA";
    return out;
  }
  ConfigureCuda();
  if (flags.Text("graph") == "off") return out;
  out.why_eager = WhyNotReplayed(spec);
  if (out.why_eager.empty()) {
    out.replay = std::make_unique<StepReplay>(MakeGraphRecorder(), out.device);
  }
  return out;
}

double LayerGflops(const NetworkInfo& info, const std::string& layer) {
  const auto resolved = info.Resolve(layer);
  for (const v1::Layer& known : info.layers()) {
    if (resolved.ok() && known.name() == *resolved) return known.gflops();
  }
  return 0;
}

absl::Status Bench(const Flags& flags) {
  const int threads =
      flags.Int("threads") > 0 ? flags.Int("threads") : UsableCores();
  const LaneWidth width(threads);
  ASSIGN_OR_RETURN(const auto file, MappedFile::Open(flags.Text("model")));
  EngineInputs inputs;
  inputs.read_blob =
      [&](absl::string_view name) -> absl::StatusOr<std::string> {
    if (name != StyleBlob())
      return absl::NotFoundError(absl::StrCat("no blob ", name));
    ASSIGN_OR_RETURN(const auto style, MappedFile::Open(flags.Text("style")));
    return std::string(style->data());
  };
  inputs.open_model = [&](absl::string_view) -> absl::StatusOr<ModelFile> {
    return ModelFile{"bench", ConfigOf(flags), nullptr, file->data(), "1"};
  };
  NetworkCache networks(&inputs);
  const v1::JobSpec spec = SpecOf(flags);
  PlanContext context;
  context.spec = &spec;
  context.inputs = &inputs;
  context.networks = &networks;
  ASSIGN_OR_RETURN(Placement placement, Place(flags, spec));
  context.device = placement.device;
  const CudaStreamLease lease(
      placement.device.is_cuda() ? placement.device.index() : -1);
  const CudaStreamScope scope(lease);
  context.dtype = flags.Text("dtype") == "bf16" ? at::kBFloat16 : at::kFloat;
  const Clock::time_point opening = Clock::now();
  ASSIGN_OR_RETURN(context.model, networks.Open("bench"));
  RETURN_IF_ERROR(CheckSpec(spec, context.model.info.get(), absl::OkStatus()));
  ASSIGN_OR_RETURN(Parts parts, MakeParts(context, 0, nullptr));
  const double setup = Milliseconds(Clock::now() - opening);

  const bool graph = placement.replay != nullptr;
  std::unique_ptr<Stepper> stepper;
  if (graph) {
    stepper =
        std::make_unique<ReplayedStepper>(parts, std::move(placement.replay));
  } else {
    stepper = std::make_unique<WholeStepper>(parts);
  }
  const auto advance = [&](int step) {
    return stepper->Advance(LaneAt(spec, parts.canvas.rows, step));
  };
  const int warmup = flags.Int("warmup"), steps = flags.Int("steps");
  double first = 0;
  for (int step = 0; step < warmup; ++step) {
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(advance(step));
    if (step == 0) first = Milliseconds(Clock::now() - start);
  }
  StepTimes times;
  if (!graph) stepper->set_times(&times);
  std::vector<double> each;
  int replayed = 0;
  for (int step = warmup; step < warmup + steps; ++step) {
    const Clock::time_point start = Clock::now();
    RETURN_IF_ERROR(advance(step));
    each.push_back(Milliseconds(Clock::now() - start));
    replayed += stepper->ZeroRows() != nullptr ? 1 : 0;
  }
  double sum = 0;
  for (const double ms : each) sum += ms;
  const double mean = sum / steps;
  std::sort(each.begin(), each.end());
  const double median = each[each.size() / 2];
  const double side = flags.Int("size") / 224.0;
  // Forward and the gradient of the input are as many FLOPs each.
  const double gflop =
      2 * LayerGflops(*context.model.info, flags.List("layer").back()) * side *
      side * flags.Int("batch");
  const double gemm = placement.device.is_cpu() ? GemmRate(threads) : 0;
  const auto number = [](auto value) { return absl::StrCat(value); };
  Tell({{"model", flags.Text("model")},
        {"layer", flags.Text("layer")},
        {"size", flags.Text("size")},
        {"batch", flags.Text("batch")},
        {"dtype", flags.Text("dtype")},
        {"device", flags.Text("device")},
        {"replayed_steps", number(replayed)},
        {"why_eager", placement.why_eager},
        {"device_memory_mib",
         number(
             static_cast<double>(placement.device.is_cuda()
                                     ? CudaMemoryInUse(placement.device.index())
                                     : 0) /
             (1 << 20))},
        {"transforms", flags.Text("transforms")},
        {"threads", number(threads)},
        {"steps_per_second", number(1000 / median)},
        {"job_steps_per_second", number(1000 / median * flags.Int("batch"))},
        {"step_ms_median", number(median)},
        {"step_ms_mean", number(mean)},
        {"param_ms", number(times.param / steps)},
        {"transforms_ms", number(times.transforms / steps)},
        {"forward_ms", number(times.network / steps)},
        {"objectives_ms", number(times.objectives / steps)},
        {"backward_ms", number(times.backward / steps)},
        {"optimizer_ms", number(times.optimizer / steps)},
        {"setup_ms", number(setup)},
        {"first_step_ms", number(first)},
        {"kinds_tried", number(onnx::ThreadTrust::Global().tried())},
        {"kinds_on_one_thread", number(onnx::ThreadTrust::Global().alone())},
        {"conv_gflop_per_step", number(gflop)},
        {"gemm_gflops", number(gemm)},
        {"share_of_gemm_rate",
         number(gemm > 0 ? gflop / (median / 1000) / gemm : 0)},
        {"objective", number(stepper->RowValues()[0])}},
       flags.json);
  if (flags.Text("o").empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const auto artifacts,
                   MakeOutputs({spec, *parts.param, "", std::stop_token()}));
  std::ofstream(flags.Text("o"), std::ios::binary) << artifacts[0].bytes;
  return absl::OkStatus();
}

// One run for each combination of the flags that are lists.
absl::Status BenchAll(const Flags& flags) {
  std::vector<Flags> runs = {flags};
  for (const char* name : {"size", "dtype", "threads", "batch"}) {
    std::vector<Flags> more;
    for (const Flags& run : runs) {
      for (const std::string& value : flags.List(name)) {
        more.push_back(run);
        more.back().values[name] = value;
      }
    }
    runs = std::move(more);
  }
  for (const Flags& run : runs) {
    RETURN_IF_ERROR(Bench(run));
    if (!run.json && runs.size() > 1) std::printf("\n");
    std::fflush(stdout);
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Flags flags;
  absl::Status status = flags.Parse(argc, argv);
  if (!status.ok()) {
    std::cerr << "engine_bench: " << status.message() << "\n";
    return 2;
  }
  if (flags.help) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  const absl::Status thrown =
      Guarded("bench", [&] { status = BenchAll(flags); });
  if (!thrown.ok()) status = thrown;
  if (!status.ok()) std::cerr << "engine_bench: " << status << "\n";
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace phosphene

int main(int argc, char** argv) { return phosphene::Main(argc, argv); }
