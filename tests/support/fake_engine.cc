#include "tests/support/fake_engine.h"

#include <algorithm>
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

void FakeEngine::OnEachStep(std::function<void(const Stepped&)> hook) {
  MutexLock lock(&mu_);
  each_ = std::move(hook);
}

void FakeEngine::SetMemory(const std::string& model, JobMemory estimated,
                           JobMemory measured) {
  MutexLock lock(&mu_);
  memory_[model] = {estimated, measured};
}

int64_t FakeEngine::most_bytes() const {
  MutexLock lock(&mu_);
  return most_bytes_;
}

FakeEngine::Memory FakeEngine::MemoryOn(const std::string& model) const {
  MutexLock lock(&mu_);
  const auto found = memory_.find(model);
  return found == memory_.end() ? Memory() : found->second;
}

JobMemory FakeEngine::MemoryOf(const v1::JobSpec& spec) {
  return MemoryOn(spec.model()).estimated;
}

void FakeEngine::Take(int64_t bytes) {
  MutexLock lock(&mu_);
  bytes_ += bytes;
  most_bytes_ = std::max(most_bytes_, bytes_);
}

absl::Status FakeEngine::AfterStep(const Stepped& stepped) {
  std::function<void(const Stepped&)> each;
  std::vector<std::function<void()>> due;
  {
    MutexLock lock(&mu_);
    each = each_;
    const auto range = hooks_.equal_range(stepped.step);
    for (auto it = range.first; it != range.second; ++it) {
      due.push_back(it->second);
    }
  }
  if (each) each(stepped);
  for (const std::function<void()>& hook : due) hook();
  MutexLock lock(&mu_);
  const auto failure = failures_.find(stepped.step);
  return failure == failures_.end() ? absl::OkStatus() : failure->second;
}

// A job at a step.
class FakeEngine::FakeSession : public JobSession {
 public:
  FakeSession(FakeEngine& engine, const v1::JobSpec& spec, RunSink& sink,
              std::stop_token stop, int64_t step, std::string state)
      : engine_(engine),
        spec_(spec),
        memory_(engine.MemoryOn(spec.model())),
        total_(TotalSteps(spec)),
        sink_(sink),
        stop_(std::move(stop)),
        step_(step),
        state_(std::move(state)) {}
  ~FakeSession() override { engine_.Take(-held_); }

  absl::StatusOr<bool> Step(int threads) override {
    if (!Goes()) return false;
    TakeMemory();
    engine_.Take(memory_.measured.step);
    const absl::Status done = Advance(threads);
    engine_.Take(-memory_.measured.step);
    if (!done.ok()) return done;
    return Goes();
  }

  absl::StatusOr<RunResult> Finish(int) override {
    RunResult result;
    result.finished = step_ == total_;
    result.step = step_;
    result.objective_value = static_cast<double>(step_);
    if (!result.finished) result.checkpoint = Pack(step_, state_);
    result.artifacts.push_back(Artifact(state_));
    return result;
  }

  int64_t step() const override { return step_; }
  JobMemory memory() const override {
    return stepped_ ? memory_.measured : memory_.estimated;
  }

 private:
  bool Goes() const { return step_ < total_ && !stop_.stop_requested(); }

  void TakeMemory() {
    stepped_ = true;
    if (held_ > 0) return;
    held_ = memory_.measured.held;
    engine_.Take(held_);
  }

  absl::Status Advance(int threads) {
    state_ = NextState(state_);
    ++step_;
    v1::Progress progress;
    progress.set_step(step_);
    progress.set_total_steps(total_);
    progress.set_objective_value(static_cast<double>(step_));
    sink_.OnProgress(progress);
    const v1::FramePolicy& frames = spec_.frames();
    const int64_t every = frames.every() > 0 ? frames.every() : 16;
    const bool due = step_ % every == 0;
    const bool keep = due && frames.keep_every() > 0 &&
                      step_ / every % frames.keep_every() == 0;
    if ((due || step_ == total_) && sink_.WantsFrame(keep))
      sink_.OnFrame(step_, keep, Picture(state_));
    if (spec_.checkpoint_every() > 0 && step_ % spec_.checkpoint_every() == 0) {
      const absl::Status kept = sink_.OnCheckpoint(step_, Pack(step_, state_));
      if (!kept.ok()) return kept;
    }
    return engine_.AfterStep({spec_.model(), spec_.seed(), step_, threads});
  }

  FakeEngine& engine_;
  const v1::JobSpec spec_;
  const Memory memory_;
  const int64_t total_;
  RunSink& sink_;
  const std::stop_token stop_;
  int64_t step_;
  std::string state_;
  bool stepped_ = false;
  int64_t held_ = 0;
};

absl::StatusOr<std::unique_ptr<JobSession>> FakeEngine::Open(
    const RunRequest& request, RunSink& sink, std::stop_token stop) {
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
  return std::make_unique<FakeSession>(*this, spec, sink, std::move(stop), step,
                                       std::move(state));
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
