// A whole run: octaves, steps, checkpoints, results.

#include "server/engine/optimize/run.h"

#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

#include <ATen/Parallel.h>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/engine/optimize/checkpoint.h"
#include "server/engine/optimize/override_notes.h"
#include "server/engine/optimize/picture_notes.h"
#include "server/engine/optimize/reporter.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/optimize/tiling.h"
#include "server/engine/optimize/zero_gradient.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/step/replay_rules.h"
#include "server/engine/step/replayed.h"
#include "server/engine/step/whole.h"

namespace phosphene {
namespace {

constexpr int kMaxThreads = 1024;
// In Checkpoint::tensors.
constexpr char kModelKey[] = "model/key";
constexpr char kTileKey[] = "loop/tile";

// One run: where it stands, and the parts of its octave.
class Runner {
 public:
  Runner(PlanContext context, RunSink& sink, std::stop_token stop)
      : context_(std::move(context)),
        spec_(*context_.spec),
        stated_(context_.stated != nullptr ? *context_.stated : spec_),
        sink_(sink),
        stop_(std::move(stop)) {}

  absl::Status Start(absl::string_view checkpoint) {
    if (checkpoint.empty()) {
      at::set_num_threads(context_.threads);
      ASSIGN_OR_RETURN(context_.tile, ChooseTile(context_));
      return MakeOctave(nullptr);
    }
    ASSIGN_OR_RETURN(const Checkpoint state, ParseCheckpoint(checkpoint));
    if (state.fingerprint != Fingerprint(stated_)) {
      return absl::DataLossError("the checkpoint belongs to another spec");
    }
    if (state.step < 0 || state.step > Engine::TotalSteps(spec_) ||
        state.octave < 0 || state.octave >= OctaveCount(spec_)) {
      return absl::DataLossError(absl::StrCat(
          "the checkpoint stands at step ", state.step, " of octave ",
          state.octave, ", which the spec has not"));
    }
    RETURN_IF_ERROR(CheckSameNetwork(state));
    context_.dtype = state.dtype;
    // As the run began, whatever memory there is here.
    const auto tile = state.tensors.find(kTileKey);
    if (tile != state.tensors.end() && tile->second.numel() == 1)
      context_.tile = tile->second.item<int64_t>();
    const bool reproducible = !spec_.has_reproducible() || spec_.reproducible();
    if (reproducible && state.threads >= 1 && state.threads <= kMaxThreads) {
      context_.threads = state.threads;
    }
    at::set_num_threads(context_.threads);
    octave_ = state.octave;
    step_ = state.step;
    RETURN_IF_ERROR(MakeOctave(nullptr));
    return Restore(state);
  }

  // True at the end, false when stopped.
  absl::StatusOr<bool> RunToEnd() {
    Reporter reporter(spec_, sink_, step_);
    const int64_t octaves = OctaveCount(spec_);
    while (true) {
      RETURN_IF_ERROR(MakeStepper(reporter));
      while (step_ < Engine::StepsBefore(spec_, octave_ + 1)) {
        if (stop_.stop_requested()) return false;
        const absl::Status moved =
            stepper_->Advance(LaneAt(spec_, parts_.canvas.rows, step_));
        if (absl::IsCancelled(moved) && stop_.stop_requested()) return false;
        RETURN_IF_ERROR(moved);
        if (stepper_->ZeroRows() != nullptr) {
          watch_.ObserveRows(*stepper_->ZeroRows(), step_);
        } else {
          watch_.Observe(parts_.param->Tensors(), step_);
        }
        ++step_;
        value_ = MeanOf(stepper_->RowValues());
        reporter.AfterStep(step_, *stepper_, parts_);
        RETURN_IF_ERROR(CheckpointIfDue());
      }
      if (octave_ + 1 >= octaves) return true;
      if (stop_.stop_requested()) return false;
      stepper_.reset();
      Parts coarse = std::move(parts_);
      parts_ = Parts();
      ++octave_;
      RETURN_IF_ERROR(MakeOctave(coarse.param.get()));
    }
  }

  absl::StatusOr<RunResult> Finish(bool finished) {
    RETURN_IF_ERROR(CheckFinite());
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
    result.warnings = watch_.Warnings(step_);
    AddTileNotes(&result.warnings);
    if (finished) {
      for (std::string& note : PictureNotes(spec_, step_, *parts_.param))
        result.warnings.push_back(std::move(note));
    }
    for (std::string& note : parts_.param->Notes())
      result.warnings.push_back(std::move(note));
    if (context_.model.info != nullptr) {
      for (std::string& note :
           OverrideNotes(spec_.gradient_overrides(), *context_.model.info)) {
        result.warnings.push_back(std::move(note));
      }
    }
    return result;
  }

 private:
  static double MeanOf(const std::vector<double>& rows) {
    return std::accumulate(rows.begin(), rows.end(), 0.0) /
           static_cast<double>(rows.size());
  }

  absl::Status MakeOctave(Param* previous) {
    ASSIGN_OR_RETURN(parts_, MakeParts(context_, octave_, previous));
    return absl::OkStatus();
  }

  // In tiles where the view is too large; on a GPU recorded once and replayed
  // where steps can be; else whole.
  absl::Status MakeStepper(Reporter& reporter) {
    TileWatch watch;
    watch.stop = [this] { return stop_.stop_requested(); };
    watch.progress = [&reporter](int done, int tiles) {
      reporter.InStep(done, tiles);
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

  void AddTileNotes(std::vector<std::string>* notes) const {
    if (!in_tiles_) return;
    notes->push_back(absl::StrCat(
        "the picture went through the network in tiles of at most ",
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
  absl::Status CheckSameNetwork(const Checkpoint& state) const {
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

  int64_t ModelFingerprint() const {
    return static_cast<int64_t>(Fingerprint(context_.model.key));
  }

  absl::Status CheckpointIfDue() {
    const int64_t every = spec_.checkpoint_every();
    if (every == 0 || step_ % every != 0 ||
        step_ == Engine::TotalSteps(spec_)) {
      return absl::OkStatus();
    }
    return sink_.OnCheckpoint(step_, Serialize());
  }

  std::string Serialize() const {
    Checkpoint state;
    state.fingerprint = Fingerprint(stated_);
    state.step = step_;
    state.octave = octave_;
    state.dtype = context_.dtype;
    state.threads = context_.threads;
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

  absl::Status Restore(const Checkpoint& state) {
    const absl::Status loaded =
        LoadTensors(*parts_.param, state.Under("param/"));
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
  absl::Status CheckFinite() const {
    for (const ParamTensor& p : parts_.param->Tensors()) {
      if (at::isfinite(p.value.detach()).all().item<bool>()) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          "parameter \"", p.name, "\" is not finite after step ", step_ - 1,
          "; a smaller learning rate (spec.optimizer.learning_rate, --lr) may "
          "help"));
    }
    return absl::OkStatus();
  }

  PlanContext context_;
  const v1::JobSpec& spec_;
  const v1::JobSpec& stated_;  // as it was sent
  RunSink& sink_;
  std::stop_token stop_;
  Parts parts_;
  std::unique_ptr<Stepper> stepper_;                 // of parts_
  std::map<std::string, at::Tensor> stepper_state_;  // of a checkpoint
  bool in_tiles_ = false;
  ZeroGradientWatch watch_;
  int64_t octave_ = 0;
  int64_t step_ = 0;  // done
  double value_ = 0;
};

}  // namespace

absl::StatusOr<RunResult> RunSpec(PlanContext context,
                                  absl::string_view checkpoint, RunSink& sink,
                                  std::stop_token stop) {
  Runner runner(std::move(context), sink, std::move(stop));
  RETURN_IF_ERROR(runner.Start(checkpoint));
  ASSIGN_OR_RETURN(const bool finished, runner.RunToEnd());
  return runner.Finish(finished);
}

}  // namespace phosphene
