// A job, step by step: octaves, steps, checkpoints, results.

#include "server/engine/optimize/session.h"

#include <numeric>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/engine/optimize/override_notes.h"
#include "server/engine/optimize/picture_notes.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/optimize/tiling.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/step/replay_rules.h"
#include "server/engine/step/replayed.h"
#include "server/engine/step/whole.h"

namespace phosphene {
namespace {

// In Checkpoint::tensors.
constexpr char kModelKey[] = "model/key";
constexpr char kTileKey[] = "loop/tile";

double MeanOf(const std::vector<double>& rows) {
  return std::accumulate(rows.begin(), rows.end(), 0.0) /
         static_cast<double>(rows.size());
}

}  // namespace

Session::Session(v1::JobSpec spec, v1::JobSpec stated, PlanContext context,
                 RunSink& sink, std::stop_token stop)
    : spec_(std::move(spec)),
      stated_(std::move(stated)),
      context_(std::move(context)),
      sink_(sink),
      stop_(std::move(stop)) {
  context_.spec = &spec_;
}

absl::Status Session::Start(absl::string_view checkpoint) {
  if (!checkpoint.empty()) {
    ASSIGN_OR_RETURN(const Checkpoint state, ParseCheckpoint(checkpoint));
    return Resume(state);
  }
  ASSIGN_OR_RETURN(context_.tile, ChooseTile(context_));
  return MakeOctave(nullptr);
}

absl::Status Session::Resume(const Checkpoint& state) {
  if (state.fingerprint != Fingerprint(stated_))
    return absl::DataLossError("the checkpoint belongs to another spec");
  if (state.step < 0 || state.step > Engine::TotalSteps(spec_) ||
      state.octave < 0 || state.octave >= OctaveCount(spec_)) {
    return absl::DataLossError(
        absl::StrCat("the checkpoint stands at step ", state.step,
                     " of octave ", state.octave, ", which the spec has not"));
  }
  RETURN_IF_ERROR(CheckSameNetwork(state));
  context_.dtype = state.dtype;
  // As the job began, whatever memory there is here.
  const auto tile = state.tensors.find(kTileKey);
  if (tile != state.tensors.end() && tile->second.numel() == 1)
    context_.tile = tile->second.item<int64_t>();
  octave_ = state.octave;
  step_ = state.step;
  RETURN_IF_ERROR(MakeOctave(nullptr));
  return Restore(state);
}

absl::StatusOr<bool> Session::Step() {
  if (!reporter_.has_value()) reporter_.emplace(spec_, sink_, step_);
  while (step_ >= Engine::StepsBefore(spec_, octave_ + 1)) {
    done_ = octave_ + 1 >= OctaveCount(spec_);
    if (done_ || Stopped()) return false;
    RETURN_IF_ERROR(NextOctave());
  }
  if (Stopped()) return false;
  if (stepper_ == nullptr) RETURN_IF_ERROR(MakeStepper());
  const absl::Status moved = Advance();
  if (absl::IsCancelled(moved) && Stopped()) return false;
  RETURN_IF_ERROR(moved);
  RETURN_IF_ERROR(CheckpointIfDue());
  done_ = step_ >= Engine::TotalSteps(spec_);
  return !done_;
}

absl::Status Session::Advance() {
  RETURN_IF_ERROR(stepper_->Advance(LaneAt(spec_, parts_.canvas.rows, step_)));
  if (stepper_->ZeroRows() != nullptr) {
    watch_.ObserveRows(*stepper_->ZeroRows(), step_);
  } else {
    watch_.Observe(parts_.param->Tensors(), step_);
  }
  ++step_;
  value_ = MeanOf(stepper_->RowValues());
  reporter_->AfterStep(step_, *stepper_, parts_);
  return absl::OkStatus();
}

absl::Status Session::NextOctave() {
  stepper_.reset();
  const Parts coarse = std::move(parts_);
  parts_ = Parts();
  ++octave_;
  return MakeOctave(coarse.param.get());
}

absl::StatusOr<RunResult> Session::Finish() {
  RETURN_IF_ERROR(CheckFinite());
  bool finished = done_;
  RunResult result;
  result.step = step_;
  result.objective_value = value_;
  std::string state = !finished || KeepsState(spec_) ? Serialize() : "";
  auto artifacts = MakeOutputs({stated_, *parts_.param, state, stop_});
  // Stopped at the last step or while its pictures were made: what is left
  // to do is to make them.
  if (absl::IsCancelled(artifacts.status())) {
    finished = false;
    if (state.empty()) state = Serialize();
  } else {
    RETURN_IF_ERROR(artifacts.status());
    result.artifacts = *std::move(artifacts);
  }
  result.finished = finished;
  if (!finished) result.checkpoint = std::move(state);
  result.warnings = Notes(finished);
  return result;
}

std::vector<std::string> Session::Notes(bool finished) const {
  std::vector<std::string> notes = watch_.Warnings(step_);
  const auto add = [&notes](std::vector<std::string> more) {
    for (std::string& note : more) notes.push_back(std::move(note));
  };
  AddTileNotes(&notes);
  if (finished) add(PictureNotes(spec_, step_, *parts_.param));
  add(parts_.param->Notes());
  if (context_.model.info != nullptr)
    add(OverrideNotes(spec_.gradient_overrides(), *context_.model.info));
  return notes;
}

absl::Status Session::MakeOctave(Param* previous) {
  ASSIGN_OR_RETURN(parts_, MakeParts(context_, octave_, previous));
  return absl::OkStatus();
}

// In tiles where the view is too large; on a GPU recorded once and replayed
// where steps can be; else whole.
absl::Status Session::MakeStepper() {
  TileWatch watch;
  watch.stop = [this] { return Stopped(); };
  watch.progress = [this](int done, int tiles) {
    reporter_->InStep(done, tiles);
  };
  ASSIGN_OR_RETURN(stepper_,
                   MakeTiledStepper(context_, parts_, std::move(watch)));
  if (stepper_ != nullptr) {
    in_tiles_ = true;
    stepper_->Load(stepper_state_);
    stepper_state_.clear();
    return absl::OkStatus();
  }
  const std::string why = !context_.device.is_cuda() ? "the device is no GPU"
                                                     : WhyNotReplayed(spec_);
  auto recorder = why.empty() ? MakeGraphRecorder() : nullptr;
  if (recorder != nullptr) {
    stepper_ = std::make_unique<ReplayedStepper>(
        parts_,
        std::make_unique<StepReplay>(std::move(recorder), context_.device));
    return absl::OkStatus();
  }
  if (context_.device.is_cuda())
    LogInfo("steps run one operation at a time", {{"why", why}});
  stepper_ = std::make_unique<WholeStepper>(parts_);
  return absl::OkStatus();
}

void Session::AddTileNotes(std::vector<std::string>* notes) const {
  if (!in_tiles_) return;
  notes->push_back(
      absl::StrCat("the picture went through the network in tiles of at most ",
                   context_.tile, " pixels",
                   Redirects(spec_.gradient_overrides(), 0)
                       ? "; redirected ReLUs were off there"
                       : "",
                   spec_.tiling().delayed()
                       ? "; gradients are of the sums of the step before"
                       : ""));
}

// A run on one network cannot go on upon another: its result would be of
// neither. Checkpoints of old do not tell theirs.
absl::Status Session::CheckSameNetwork(const Checkpoint& state) const {
  const auto known = state.tensors.find(kModelKey);
  if (known == state.tensors.end() || known->second.numel() != 1 ||
      known->second.item<int64_t>() == ModelFingerprint()) {
    return absl::OkStatus();
  }
  return WithReason(
      absl::FailedPreconditionError(absl::StrCat(
          "spec.model: \"", spec_.model(),
          "\" is not what it was when this job stood at step ", state.step,
          ": its network or its config was replaced; submit the job anew to "
          "run it on the present one")),
      "MODEL_CHANGED");
}

int64_t Session::ModelFingerprint() const {
  return static_cast<int64_t>(Fingerprint(context_.model.key));
}

absl::Status Session::CheckpointIfDue() {
  const int64_t every = spec_.checkpoint_every();
  if (every == 0 || step_ % every != 0 || step_ == Engine::TotalSteps(spec_)) {
    return absl::OkStatus();
  }
  return sink_.OnCheckpoint(step_, Serialize());
}

std::string Session::Serialize() const {
  Checkpoint state;
  state.fingerprint = Fingerprint(stated_);
  state.step = step_;
  state.octave = octave_;
  state.dtype = context_.dtype;
  for (const ParamTensor& p : parts_.param->Tensors()) {
    if (p.working == nullptr)
      state.tensors["param/" + p.name] = p.value.detach();
  }
  std::map<std::string, at::Tensor> beside;
  parts_.param->Save(&beside);
  state.Add("param_state/", beside);
  state.Add("optimizer/", parts_.optimizer->Save());
  for (size_t i = 0; i < parts_.objectives.size(); ++i) {
    std::map<std::string, at::Tensor> own;
    parts_.objectives[i].fn->Save(&own);
    state.Add(absl::StrCat("objective/", i, "/"), own);
  }
  state.Add("loop/", watch_.Save());
  if (stepper_ != nullptr) {
    std::map<std::string, at::Tensor> own;
    stepper_->Save(&own);
    state.Add("stepper/", own);
  }
  state.tensors[kTileKey] =
      at::full({1}, context_.tile, at::TensorOptions(at::kLong));
  if (!context_.model.key.empty()) {
    state.tensors[kModelKey] =
        at::full({1}, ModelFingerprint(), at::TensorOptions(at::kLong));
  }
  state.tensors["loop/value"] = at::full({1}, value_, at::kDouble);
  return SerializeCheckpoint(state);
}

absl::Status Session::Restore(const Checkpoint& state) {
  const absl::Status loaded = LoadTensors(*parts_.param, state.Under("param/"));
  if (!loaded.ok()) {
    return absl::DataLossError(
        absl::StrCat("the checkpoint ", std::string(loaded.message())));
  }
  parts_.param->Load(state.Under("param_state/"));
  RETURN_IF_ERROR(parts_.optimizer->Load(state.Under("optimizer/")));
  for (size_t i = 0; i < parts_.objectives.size(); ++i) {
    parts_.objectives[i].fn->Load(
        state.Under(absl::StrCat("objective/", i, "/")));
  }
  watch_.Load(state.Under("loop/"));
  stepper_state_ = state.Under("stepper/");
  const auto value = state.tensors.find("loop/value");
  if (value != state.tensors.end() && value->second.numel() == 1) {
    value_ = value->second.item<double>();
  }
  return absl::OkStatus();
}

// The last update may have gone astray after the last look at the loss.
absl::Status Session::CheckFinite() const {
  for (const ParamTensor& p : parts_.param->Tensors()) {
    if (at::isfinite(p.value.detach()).all().item<bool>()) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "parameter \"", p.name, "\" is not finite after step ", step_ - 1,
        "; a smaller learning rate (spec.optimizer.learning_rate, --lr) may "
        "help"));
  }
  return absl::OkStatus();
}

}  // namespace phosphene
