#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/base/mutex.h"
#include "server/engine/engine.h"

namespace phosphene {

// An engine whose "optimization" is a hash chain: the state after step n is a
// function of the spec and n alone, so that what a resumed run makes can be
// compared with what an uninterrupted one makes. It keeps every promise of
// engine.h: progress each step, frames when wanted, checkpoints when due, a
// stop between two steps.
//
// Tests act from inside a run through OnStep, so no thread is needed:
//   engine.OnStep(3, [&] { store.Cancel("jobs/a"); });
// Thread-safe; hooks run under no lock.
class FakeEngine : public Engine {
 public:
  // Called after step `step` of every run.
  void OnStep(int64_t step, std::function<void()> hook);
  // A step that was done.
  struct Stepped {
    std::string model;
    uint64_t seed = 0;
    int64_t step = 0;
    int threads = 0;
  };
  // Called after every step of every run, before those of OnStep.
  void OnEachStep(std::function<void(const Stepped&)> hook);
  // What jobs on this model are said to take before their first step, and take
  // from then on. Others take nothing.
  void SetMemory(const std::string& model, JobMemory estimated,
                 JobMemory measured);
  // The most that the sessions of a moment have held together, from their
  // first steps on, and steps of that moment have taken.
  int64_t most_bytes() const;
  // Runs fail with this after `step` steps, until it is OK.
  void FailAt(int64_t step, absl::Status status);
  // Called by every Inspect.
  void OnInspect(std::function<void()> hook);
  // What Check answers.
  void SetCheck(absl::Status status);

  struct Begun {
    std::string model;
    int64_t first_step = 0;  // steps done when it began
    std::string device;
  };
  // Runs begun (sessions opened), in order.
  std::vector<Begun> runs() const;

  // The bytes of the artifact of a spec that has run to its end.
  static std::string ResultOf(const v1::JobSpec& spec);

  absl::StatusOr<std::unique_ptr<JobSession>> Open(
      const RunRequest& request, RunSink& sink, std::stop_token stop) override;
  JobMemory MemoryOf(const v1::JobSpec& spec) override;
  absl::Status Check(const v1::JobSpec& spec) override;
  absl::StatusOr<ModelReport> Inspect(absl::string_view onnx,
                                      const v1::ModelConfig& config,
                                      absl::string_view source_file) override;
  v1::Capabilities Capabilities() const override;
  std::vector<EngineDevice> Devices() const override;

 private:
  class FakeSession;
  struct Memory {
    JobMemory estimated, measured;
  };

  // What is due after a step: hooks, then the failure that was asked for.
  absl::Status AfterStep(const Stepped& stepped);
  Memory MemoryOn(const std::string& model) const;
  void Take(int64_t bytes);

  mutable Mutex mu_;
  std::multimap<int64_t, std::function<void()>> hooks_ ABSL_GUARDED_BY(mu_);
  std::map<int64_t, absl::Status> failures_ ABSL_GUARDED_BY(mu_);
  absl::Status check_ ABSL_GUARDED_BY(mu_);
  std::function<void()> inspect_ ABSL_GUARDED_BY(mu_);
  std::vector<Begun> runs_ ABSL_GUARDED_BY(mu_);
  std::function<void(const Stepped&)> each_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Memory> memory_ ABSL_GUARDED_BY(mu_);
  int64_t bytes_ ABSL_GUARDED_BY(mu_) = 0;  // taken now
  int64_t most_bytes_ ABSL_GUARDED_BY(mu_) = 0;
};

// A spec the fake engine runs: model, one channel objective, 64 x 64 pixels.
v1::JobSpec FakeSpec(int steps, uint64_t seed = 0);

}  // namespace phosphene
