// What is stored of a run before its end is committed.

#include "server/scheduler/run_outcome.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<v1::Artifact>> StoreArtifacts(
    const RunResult& result, BlobStore& blobs) {
  std::vector<v1::Artifact> artifacts;
  for (const RunArtifact& made : result.artifacts) {
    const absl::StatusOr<BlobInfo> blob = blobs.Put(made.bytes);
    if (!blob.ok()) {
      return Annotate(blob.status(),
                      absl::StrCat("artifact \"", made.info.name(), "\""));
    }
    artifacts.push_back(made.info);
    artifacts.back().set_blob(blob->name);
    artifacts.back().set_size_bytes(blob->size_bytes);
  }
  return artifacts;
}

// The last frame is a convenience: without it the job is as good.
void StoreLastFrame(const EndedRun& run, BlobStore& blobs, RunOutcome& out) {
  if (!run.last_frame.has_value()) return;
  const absl::StatusOr<BlobInfo> blob =
      blobs.Put(run.last_frame->frame.image());
  if (!blob.ok()) return;
  KeptFrame& frame = out.last_frame.emplace();
  frame.info = run.last_frame->frame;
  frame.info.clear_image();
  frame.blob = blob->name;
  frame.sequence = run.last_frame->sequence;
}

void Fail(const absl::Status& error, RunOutcome& out) {
  out.kind = RunOutcome::Kind::kFailed;
  out.error = error;
}

// Whether the same may work later.
bool MayPass(const absl::Status& status) {
  return absl::IsUnavailable(status) || (absl::IsResourceExhausted(status) &&
                                         ReasonOf(status) != "BLOB_TOO_LARGE");
}

absl::Status Finished(const RunResult& result, BlobStore& blobs,
                      RunOutcome& out) {
  out.kind = RunOutcome::Kind::kSucceeded;
  auto artifacts = StoreArtifacts(result, blobs);
  if (MayPass(artifacts.status())) return artifacts.status();
  if (!artifacts.ok()) {
    Fail(artifacts.status(), out);
  } else {
    out.artifacts = *std::move(artifacts);
  }
  return absl::OkStatus();
}

// Finished or not, it ends as CANCELLED.
absl::Status Cancelled(const RunResult& result, BlobStore& blobs,
                       RunOutcome& out) {
  out.kind = RunOutcome::Kind::kStopped;
  auto artifacts = StoreArtifacts(result, blobs);
  if (absl::IsUnavailable(artifacts.status())) return artifacts.status();
  if (artifacts.ok()) {
    out.artifacts = *std::move(artifacts);
  } else {
    out.warnings.push_back(std::string(artifacts.status().message()));
  }
  return absl::OkStatus();
}

// It goes on later, from here or, where that cannot be stored, from its last
// checkpoint.
absl::Status Suspended(const RunResult& result, BlobStore& blobs, bool hurry,
                       RunOutcome& out) {
  out.kind = RunOutcome::Kind::kStopped;
  const absl::StatusOr<BlobInfo> blob = blobs.Put(result.checkpoint);
  if (absl::IsUnavailable(blob.status())) return blob.status();
  if (MayPass(blob.status()) && !hurry) return blob.status();
  if (blob.ok()) {
    out.checkpoint = CheckpointUpdate{blob->name, result.step};
  } else {
    out.warnings.push_back(
        absl::StrCat("checkpoint of step ", result.step,
                     " was not kept: ", blob.status().message()));
  }
  return absl::OkStatus();
}

// Begins a warning for each time; they are how often is known.
constexpr absl::string_view kPutOff = "put off, time ";

void PutOff(const EndedRun& run, RunOutcome& out) {
  out.kind = RunOutcome::Kind::kStopped;
  out.warnings.push_back(absl::StrCat(kPutOff, run.put_offs + 1, " of ",
                                      kMaxPutOff, ": ",
                                      run.result.status().message()));
}

}  // namespace

bool IsPutOff(const EndedRun& run) {
  return absl::IsUnavailable(run.result.status()) && run.put_offs < kMaxPutOff;
}

int PutOffsOf(const v1::Job& job) {
  return static_cast<int>(
      std::count_if(job.warnings().begin(), job.warnings().end(),
                    [](const std::string& warning) {
                      return absl::StartsWith(warning, kPutOff);
                    }));
}

absl::StatusOr<RunOutcome> StoreOutcome(const EndedRun& run,
                                        v1::Job::State state, BlobStore& blobs,
                                        bool hurry) {
  RunOutcome out;
  out.warnings = run.warnings;
  out.run_duration = run.duration;
  bool ends = true;
  if (IsPutOff(run)) {
    PutOff(run, out);
    ends = state == v1::Job::CANCELLING;
  } else if (!run.result.ok()) {
    Fail(run.result.status(), out);
  } else {
    const RunResult& result = *run.result;
    out.step = result.step;
    out.objective_value = result.objective_value;
    out.warnings.insert(out.warnings.end(), result.warnings.begin(),
                        result.warnings.end());
    if (state == v1::Job::CANCELLING) {
      RETURN_IF_ERROR(Cancelled(result, blobs, out));
    } else if (result.finished) {
      RETURN_IF_ERROR(Finished(result, blobs, out));
    } else if (run.stop_requested) {
      ends = false;
      RETURN_IF_ERROR(Suspended(result, blobs, hurry, out));
    } else {
      Fail(absl::InternalError(absl::StrCat(
               "the engine stopped by itself after step ", result.step)),
           out);
    }
  }
  if (ends) StoreLastFrame(run, blobs, out);
  return out;
}

}  // namespace phosphene
