#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"
#include "phosphene/v1/model.pb.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/base/mapped_file.h"
#include "server/imaging/image.h"

namespace phosphene {

// A network as the model catalog holds it.
struct ModelFile {
  std::string name;  // without "models/"
  v1::ModelConfig config;
  std::shared_ptr<const MappedFile>
      file;                // keeps `onnx` alive; null when embedded
  absl::string_view onnx;  // the ONNX bytes
  std::string version;     // changes when the bytes or config change; cache key
};

// What the engine reads from outside. Both are called on engine threads and
// must be thread-safe.
struct EngineInputs {
  // Content of `blobs/{sha256}`; NOT_FOUND names it.
  std::function<absl::StatusOr<std::string>(absl::string_view name)> read_blob;
  // Accepts "models/NAME" or "NAME"; NOT_FOUND gives the nearest names.
  std::function<absl::StatusOr<ModelFile>(absl::string_view name)> open_model;
};

// Where a run reports to. Called by the thread that runs it or steps it, never
// concurrently.
class RunSink {
 public:
  virtual ~RunSink() = default;
  // About ten times per second, and after the last step.
  virtual void OnProgress(const v1::Progress& progress) = 0;
  // Whether a frame would be looked at now; asked at every `frames.every`-th
  // step and at the last one, after OnProgress has told it; frames are made
  // only then, and every `frames.keep_every`-th for keeping: `keep` says which
  // this is.
  virtual bool WantsFrame(bool keep) = 0;
  // A frame, at most frames.max_size on its longest side; rows of a batch
  // side by side. Channels 1, 3 or 4.
  virtual void OnFrame(int64_t step, bool keep, Image8 image) = 0;
  // A checkpoint due by checkpoint_every. An error ends the run with it.
  virtual absl::Status OnCheckpoint(int64_t step, std::string bytes) = 0;
};

// A file a run made.
struct RunArtifact {
  v1::Artifact info;  // blob unset
  std::string bytes;
};

struct RunRequest {
  v1::JobSpec spec;        // REQUIRES: Check(spec) is OK
  std::string checkpoint;  // bytes to resume from, "" for a fresh start
  std::string device;      // "cpu:0", "cuda:1": one of Devices()
  // Compute threads (CPU) of Run, and of what Open does; 0: the engine's
  // default. No byte depends on it.
  int threads = 0;
};

// Memory of the device that a job takes, beside networks, which jobs share.
struct JobMemory {
  int64_t held = 0;  // from its first to its last step
  int64_t step = 0;  // on top of that, while it steps
};

struct RunResult {
  bool finished = false;       // false: stopped by the token
  int64_t step = 0;            // steps done
  double objective_value = 0;  // at the last step, mean of rows
  std::string checkpoint;      // state to resume from, when not finished
  // spec.outputs; when stopped, of the state there was, or none where a picture
  // is so large that making it takes long.
  std::vector<RunArtifact> artifacts;
  std::vector<std::string> warnings;
};

// What a look into an ONNX file found.
struct ModelReport {
  v1::Model model;  // facts and config with everything inferred; name unset
  std::vector<v1::Layer> layers;
};

struct EngineDevice {
  std::string name;  // "cpu:0", "cuda:0"
  std::string description;
  v1::Device::Kind kind = v1::Device::CPU;
  int64_t memory_bytes = 0;
  int threads = 0;
};

// A job on a device: where it stands and all it needs to go on. It has no
// thread; between two steps it costs memory alone, for as long as one likes.
// Thread-compatible: one thread at a time, each time any; the same for its end.
class JobSession {
 public:
  virtual ~JobSession() = default;

  // Does a step and tells the sink what falls due after it. True: there is
  // more to do. False: the last step is done, or the stop token of Open spoke
  // (within a step that goes in tiles, that step left no trace); Finish then.
  // At most `threads` (CPU; 0: the engine's default) compute; what a job makes
  // depends neither on their number nor on jobs that step at the same time.
  // After an error the session is only good for its end.
  virtual absl::StatusOr<bool> Step(int threads) = 0;

  // What Run returns, where the job now stands; `finished` where Step has said
  // that nothing is left to do and nobody stopped it. Once.
  virtual absl::StatusOr<RunResult> Finish(int threads) = 0;

  // Steps done, over all octaves.
  virtual int64_t step() const = 0;
  // As measured at its steps; before the first one, as estimated.
  virtual JobMemory memory() const = 0;
};

// Runs optimizations. Torch-free at this border; made by MakeTorchEngine()
// (server/engine/optimize/torch_engine.h) or, in tests, FakeEngine.
// Thread-safe: sessions of one device may step at the same time.
class Engine {
 public:
  virtual ~Engine() = default;

  // Gets a job ready for its next step. A pure function of the spec (and
  // device kind): same spec, same bytes; resumed from a checkpoint, the same
  // bytes as uninterrupted. After `stop` speaks, Step says false and Finish
  // gives finished=false with a checkpoint. `sink` must outlive the session.
  // Errors, here and of the steps: what Check reports; RESOURCE_EXHAUSTED out
  // of memory; DATA_LOSS a checkpoint that does not fit; INTERNAL.
  virtual absl::StatusOr<std::unique_ptr<JobSession>> Open(
      const RunRequest& request, RunSink& sink, std::stop_token stop) = 0;

  // What a job will take, before it is opened: as jobs of the same kind and
  // size took that ran before, or estimated.
  virtual JobMemory MemoryOf(const v1::JobSpec& spec) = 0;

  // Open, all steps, Finish: a job alone, to its end or until `stop`.
  absl::StatusOr<RunResult> Run(const RunRequest& request, RunSink& sink,
                                std::stop_token stop) {
    auto session = Open(request, sink, std::move(stop));
    if (!session.ok()) return session.status();
    while (true) {
      const absl::StatusOr<bool> more = (*session)->Step(request.threads);
      if (!more.ok()) return more.status();
      if (!*more) return (*session)->Finish(request.threads);
    }
  }

  // Everything wrong with the spec, however much of it there is: rules of its
  // fields, unknown layers, channels out of range, arms not built in
  // (UNIMPLEMENTED when nothing else is wrong), a model that is not there
  // (NOT_FOUND likewise). What other faults leave unknown is passed over. Field
  // paths begin with "spec".
  virtual absl::Status Check(const v1::JobSpec& spec) = 0;

  // Reads an ONNX file and checks that it can run; completes `config`.
  // `source_file` only serves messages and inference of conventions.
  virtual absl::StatusOr<ModelReport> Inspect(
      absl::string_view onnx, const v1::ModelConfig& config,
      absl::string_view source_file) = 0;

  // Names of the arms and operators built in, for GetCapabilities.
  virtual v1::Capabilities Capabilities() const = 0;

  virtual std::vector<EngineDevice> Devices() const = 0;

  // Steps of octave 0, the coarsest, 1, ...; 0 without objectives.
  static int64_t OctaveSteps(const v1::JobSpec& spec, int64_t octave) {
    if (spec.objectives().empty()) return 0;
    const int64_t steps = spec.steps() == 0 ? 512 : spec.steps();
    const double factor = spec.optimizer().octaves().steps_factor();
    if (!(factor > 0) || factor >= 1) return steps;
    const double fewer = static_cast<double>(steps) * std::pow(factor, octave);
    return fewer < 1 ? 1 : std::llround(fewer);
  }
  // Steps before an octave.
  static int64_t StepsBefore(const v1::JobSpec& spec, int64_t octave) {
    int64_t sum = 0;
    for (int64_t i = 0; i < octave; ++i) sum += OctaveSteps(spec, i);
    return sum;
  }
  // Steps of the whole run, over all octaves; 0 without objectives.
  static int64_t TotalSteps(const v1::JobSpec& spec) {
    const int64_t octaves = spec.optimizer().octaves().count();
    return StepsBefore(spec, octaves < 1 ? 1 : octaves);
  }
};

}  // namespace phosphene
