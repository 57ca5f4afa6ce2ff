// Measures bf16 against fp32 on this machine, and remembers.

#include "server/engine/optimize/precision.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

// A gain that noise does not fake, and that is worth another rounding.
constexpr double kWorthIt = 1.25;
// bf16 keeps 8 bits; a healthy network's activations stay within 1-2 %.
constexpr double kTolerance = 0.05;
constexpr int kWarmup = 2, kTimed = 4;
constexpr absl::string_view kFp32("fp32"), kBf16("bf16");

// A network under trial.
struct Candidate {
  std::shared_ptr<const Network> network;
  std::map<std::string, at::Tensor> activations;  // f32
  double best_ms = 1e300;

  void Step(const at::Tensor& noise) {
    const at::Tensor image = noise.clone().set_requires_grad(true);
    const auto start = std::chrono::steady_clock::now();
    activations = network->Forward(image);
    at::Tensor sum;
    for (auto& [layer, value] : activations) {
      value = value.to(at::kFloat);
      const at::Tensor own = value.mean();
      sum = sum.defined() ? sum + own : own;
    }
    sum.backward();
    const std::chrono::duration<double, std::milli> span =
        std::chrono::steady_clock::now() - start;
    best_ms = std::min(best_ms, span.count());
    for (auto& [layer, value] : activations) value = value.detach();
  }
};

double RelativeError(const Candidate& exact, const Candidate& rough) {
  double worst = 0;
  for (const auto& [layer, value] : exact.activations) {
    const double size = value.norm().item<double>();
    const double off =
        (rough.activations.at(layer) - value).norm().item<double>();
    worst = std::max(worst, off / std::max(size, 1e-12));
  }
  return worst;
}

}  // namespace

bool CpuHasBf16() { return __builtin_cpu_supports("avx512bf16") != 0; }

at::ScalarType FasterWithinTolerance(const PrecisionTrial& trial) {
  const bool faster = trial.bf16_ms * kWorthIt <= trial.fp32_ms;
  // Written so that NaN fails.
  return faster && trial.error <= kTolerance ? at::kBFloat16 : at::kFloat;
}

absl::StatusOr<PrecisionTrial> TryPrecisions(
    NetworkCache& networks, const OpenedModel& model,
    const std::vector<std::string>& layers, CompileOptions options,
    int64_t height, int64_t width) {
  Candidate exact, rough;
  options.dtype = at::kFloat;
  ASSIGN_OR_RETURN(exact.network, networks.Compile(model, layers, options));
  options.dtype = at::kBFloat16;
  ASSIGN_OR_RETURN(rough.network, networks.Compile(model, layers, options));
  const at::Tensor noise =
      Rng(0, RngStream::kInit)
          .UniformTensor({1, model.info->input_channels(), height, width})
          .to(options.device);
  for (int i = 0; i < kWarmup + kTimed; ++i) {
    if (i == kWarmup) exact.best_ms = rough.best_ms = 1e300;
    // By turns, so that a busy moment of the machine meets both.
    exact.Step(noise);
    rough.Step(noise);
  }
  return PrecisionTrial{exact.best_ms, rough.best_ms,
                        RelativeError(exact, rough)};
}

PrecisionMemory::PrecisionMemory(std::string file) : file_(std::move(file)) {
  if (file_.empty()) return;
  std::ifstream in(file_);
  const MutexLock lock(&mu_);
  for (std::string line; std::getline(in, line);) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits('\t', 1));
    if (parts.first == kBf16) choices_[parts.second] = at::kBFloat16;
    if (parts.first == kFp32) choices_[parts.second] = at::kFloat;
  }
}

absl::optional<at::ScalarType> PrecisionMemory::Find(
    const std::string& key) const {
  const MutexLock lock(&mu_);
  const auto found = choices_.find(key);
  if (found == choices_.end()) return absl::nullopt;
  return found->second;
}

at::ScalarType PrecisionMemory::Remember(const std::string& key,
                                         at::ScalarType dtype) {
  const MutexLock lock(&mu_);
  const auto [entry, is_new] = choices_.emplace(key, dtype);
  if (is_new && !file_.empty()) WriteLocked();
  return entry->second;
}

void PrecisionMemory::WriteLocked() const {
  const std::string beside = file_ + ".new";
  {
    std::ofstream out(beside, std::ios::trunc);
    for (const auto& [key, dtype] : choices_) {
      out << (dtype == at::kBFloat16 ? kBf16 : kFp32) << '\t' << key << '\n';
    }
    out.flush();
    if (out.good() && std::rename(beside.c_str(), file_.c_str()) == 0) return;
  }
  LogWarn("the choice of precision could not be kept", {{"file", file_}});
}

}  // namespace phosphene
