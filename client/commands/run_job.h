#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/commands/job_flags.h"
#include "client/commands/session.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene::client {

// Uploads the files a spec names, then makes the job. `folder` is where
// relative paths start. A spec that names no command is given the one that was
// typed, where that has at most 4,096 bytes.
absl::StatusOr<v1::Job> CreateJob(Session& session, v1::JobSpec spec,
                                  const SubmitFlags& flags,
                                  const std::string& folder);

// What a command still does with a job that SUCCEEDED, its files written.
using AfterJob = std::function<absl::Status(const v1::Job& job)>;

// Sends a file that a spec names; a mesh with what lies beside it. Answers its
// blob's name.
absl::StatusOr<std::string> SendFile(Session& session, const std::string& path);

// Makes a job of the spec, watches it and writes its outputs to `paths`, the
// i-th output to the i-th path (the spec may have more), then calls `after`;
// or prints the spec (--spec-only), or returns at once (--detach). The status
// is that of the job.
absl::Status RunJob(Session& session, const v1::JobSpec& spec,
                    const JobFlags& flags, const AfterJob& after = nullptr);

// An artifact by name and the file it goes to.
struct WantedFile {
  std::string artifact;
  std::string path;
};

// Writes artifacts of a job to files and says so. What the job did not make
// (it was cancelled early) is told.
absl::Status SaveArtifacts(Session& session, const v1::Job& job,
                           const std::vector<WantedFile>& wanted);

// One artifact.
absl::Status SaveArtifact(Session& session, const v1::Artifact& artifact,
                          const std::string& path);

// Says how long it ran, and the warnings.
void TellRun(Session& session, const v1::Job& job);

}  // namespace phosphene::client
