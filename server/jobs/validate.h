#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// The bounds requests are held to, as GetCapabilities tells them:
// max_spec_bytes 8 MiB, max_blob_bytes 2 GiB, max_canvas_pixels 2^28 (over all
// rows), max_rows 256, max_steps 1,000,000, max_model_bytes 2 GiB, priority
// -100..100, max_watchers_per_job 256.
v1::Limits DefaultLimits();

// What a request is checked against.
struct ValidationContext {
  // max_spec_bytes counts here; the other bounds are rules of the fields.
  v1::Limits limits = DefaultLimits();
  // Blobs the spec names must be there. Null: not looked at. Must outlive the
  // call.
  BlobStore* blobs = nullptr;
  // NOT_FOUND, with the nearest names, when there is no model of that name.
  // Null: not looked for.
  std::function<absl::Status(absl::string_view name)> find_model;
  // Engine::Check; called whatever else is wrong. Null: not.
  std::function<absl::Status(const v1::JobSpec&)> engine_check;
};

// Checks a CreateJobRequest: job_id, request_id, labels, priority and the
// spec, by the rules of their fields (server/rules/), by what fields have to do
// with each other, by the blobs and the model that must be there, and by the
// engine. One answer has every fault of every level, each once, with its path
// (`spec.steps`, `labels`, `job_id`): INVALID_ARGUMENT; NOT_FOUND when the only
// faults are blobs and models that are not there; UNIMPLEMENTED when it is arms
// that are not built in. A spec above max_spec_bytes is looked at no further.
absl::Status ValidateCreateJob(const v1::CreateJobRequest& request,
                               const ValidationContext& context);

// Checks an UpdateJobRequest: name, mask (`labels`, `priority`, `*`; empty:
// both that are set) and the values.
absl::Status ValidateUpdateJob(const v1::UpdateJobRequest& request,
                               const ValidationContext& context);

// INVALID_ARGUMENT on `field` unless `name` is `jobs/{job}`.
absl::Status CheckJobName(absl::string_view name,
                          absl::string_view field = "name");

// Splits `jobs/{job}/frames/{step}`; INVALID_ARGUMENT on "name" otherwise.
struct FrameName {
  std::string job;  // `jobs/{job}`
  int64_t step = 0;
};
absl::StatusOr<FrameName> ParseFrameName(absl::string_view name);

// The page size to use (AIP-158): 0 is 50, above 1000 is 1000;
// INVALID_ARGUMENT when negative.
absl::StatusOr<int> PageSize(int requested);

}  // namespace phosphene
