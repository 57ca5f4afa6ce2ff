#include "tests/support/fake_engine.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/sha256.h"

namespace phosphene {
namespace {

constexpr int kSide = 8;  // of a frame

std::string Start(const v1::JobSpec& spec) {
  return Sha256Hex(absl::StrCat(spec.model(), ":", spec.seed()));
}

std::string NextState(const std::string& state) { return Sha256Hex(state); }

Image8 Picture(const std::string& state) {
  Image8 image{kSide, kSide, 3, {}};
  for (int i = 0; i < kSide * kSide * 3; ++i) {
    image.pixels.push_back(state[i % state.size()]);
  }
  return image;
}

std::string Pack(int64_t step, const std::string& state) {
  return absl::StrCat(step, " ", state);
}

absl::Status Unpack(const std::string& bytes, int64_t* step,
                    std::string* state) {
  const std::vector<std::string> parts = absl::StrSplit(bytes, ' ');
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], step)) {
    return absl::DataLossError("a checkpoint that does not fit");
  }
  *state = parts[1];
  return absl::OkStatus();
}

RunArtifact Artifact(const std::string& state) {
  RunArtifact artifact;
  artifact.info.set_name("image.png");
  artifact.info.set_media_type("image/png");
  artifact.info.set_width(kSide);
  artifact.info.set_height(kSide);
  artifact.bytes = "picture of " + state;
  artifact.info.set_size_bytes(artifact.bytes.size());
  return artifact;
}

}  // namespace

std::string FakeEngine::ResultOf(const v1::JobSpec& spec) {
  std::string state = Start(spec);
  for (int64_t i = 0; i < TotalSteps(spec); ++i) state = NextState(state);
  return Artifact(state).bytes;
}

void FakeEngine::OnStep(int64_t step, std::function<void()> hook) {
  MutexLock lock(&mu_);
  hooks_.emplace(step, std::move(hook));
}

void FakeEngine::FailAt(int64_t step, absl::Status status) {
  MutexLock lock(&mu_);
  failures_.erase(step);
  if (!status.ok()) failures_.emplace(step, std::move(status));
}

void FakeEngine::OnInspect(std::function<void()> hook) {
  MutexLock lock(&mu_);
  inspect_ = std::move(hook);
}

void FakeEngine::SetCheck(absl::Status status) {
  MutexLock lock(&mu_);
  check_ = std::move(status);
}

std::vector<FakeEngine::Begun> FakeEngine::runs() const {
  MutexLock lock(&mu_);
  return runs_;
}

void FakeEngine::CallHooks(int64_t step) {
  std::vector<std::function<void()>> due;
  {
    MutexLock lock(&mu_);
    const auto range = hooks_.equal_range(step);
    for (auto it = range.first; it != range.second; ++it) {
      due.push_back(it->second);
    }
  }
  for (const std::function<void()>& hook : due) hook();
}

absl::StatusOr<RunResult> FakeEngine::Run(const RunRequest& request,
                                          RunSink& sink, std::stop_token stop) {
  const v1::JobSpec& spec = request.spec;
  int64_t step = 0;
  std::string state = Start(spec);
  if (!request.checkpoint.empty()) {
    if (const absl::Status status = Unpack(request.checkpoint, &step, &state);
        !status.ok()) {
      return status;
    }
  }
  {
    MutexLock lock(&mu_);
    runs_.push_back({spec.model(), step, request.device});
  }
  const int64_t every = spec.frames().every() > 0 ? spec.frames().every() : 16;
  const int64_t keep_every = spec.frames().keep_every();
  const int64_t total = TotalSteps(spec);
  while (step < total && !stop.stop_requested()) {
    state = NextState(state);
    ++step;
    v1::Progress progress;
    progress.set_step(step);
    progress.set_total_steps(total);
    progress.set_objective_value(step);
    sink.OnProgress(progress);
    const bool due = step % every == 0;
    const bool keep = due && keep_every > 0 && step / every % keep_every == 0;
    if ((due || step == total) && sink.WantsFrame(keep)) {
      sink.OnFrame(step, keep, Picture(state));
    }
    if (spec.checkpoint_every() > 0 && step % spec.checkpoint_every() == 0) {
      const absl::Status kept = sink.OnCheckpoint(step, Pack(step, state));
      if (!kept.ok()) return kept;
    }
    CallHooks(step);
    MutexLock lock(&mu_);
    if (const auto it = failures_.find(step); it != failures_.end()) {
      return it->second;
    }
  }
  RunResult result;
  result.finished = step == total;
  result.step = step;
  result.objective_value = step;
  if (!result.finished) result.checkpoint = Pack(step, state);
  result.artifacts.push_back(Artifact(state));
  return result;
}

absl::Status FakeEngine::Check(const v1::JobSpec&) {
  MutexLock lock(&mu_);
  return check_;
}

absl::StatusOr<ModelReport> FakeEngine::Inspect(absl::string_view onnx,
                                                const v1::ModelConfig& config,
                                                absl::string_view) {
  std::function<void()> hook;
  {
    MutexLock lock(&mu_);
    hook = inspect_;
  }
  if (hook) hook();
  if (onnx.empty()) return absl::InvalidArgumentError("an empty network");
  ModelReport report;
  *report.model.mutable_config() = config;
  report.model.set_size_bytes(onnx.size());
  return report;
}

v1::Capabilities FakeEngine::Capabilities() const {
  v1::Capabilities capabilities;
  capabilities.set_version("fake");
  return capabilities;
}

std::vector<EngineDevice> FakeEngine::Devices() const {
  EngineDevice cpu;
  cpu.name = "cpu:0";
  cpu.description = "a hash function";
  cpu.threads = 1;
  return {cpu};
}

v1::JobSpec FakeSpec(int steps, uint64_t seed) {
  v1::JobSpec spec;
  spec.set_model("models/fake");
  spec.mutable_parameterization()->set_width(64);
  spec.mutable_parameterization()->mutable_pixel();
  v1::ChannelObjective* channel = spec.add_objectives()->mutable_channel();
  channel->set_layer("conv1");
  spec.set_steps(steps);
  spec.set_seed(seed);
  return spec;
}

}  // namespace phosphene
