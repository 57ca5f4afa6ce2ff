#include "server/jobs/validate.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/faults.h"
#include "server/base/ids.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/jobs/spec_walk.h"
#include "server/jobs/validate_spec.h"

namespace phosphene {
namespace {

constexpr int kMaxLabels = 64;
constexpr size_t kMaxLabelValue = 256;

bool IsLabelKey(absl::string_view key) {
  return !key.empty() && key.size() <= 63 &&
         std::all_of(key.begin(), key.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) ||
                  c == '_' || c == '-' || c == '.';
         });
}

void CheckLabels(const google::protobuf::Map<std::string, std::string>& labels,
                 Faults& faults) {
  if (labels.size() > kMaxLabels) {
    faults.Add("labels",
               absl::StrCat(labels.size(), " are set; at most ", kMaxLabels));
  }
  for (const auto& [key, value] : labels) {
    const std::string path =
        absl::StrCat("labels[\"", key.substr(0, 100), "\"]");
    if (!IsLabelKey(key)) {
      faults.Add(path, "the key is not 1-63 characters a-z 0-9 _ - .");
    }
    if (value.size() > kMaxLabelValue) {
      faults.Add(
          path, absl::StrCat(value.size(), " bytes; at most ", kMaxLabelValue));
    }
    if (value.find('\0') != std::string::npos) {
      faults.Add(path, "the value has a NUL character");
    }
  }
}

void CheckPriority(int priority, const v1::Limits& limits, Faults& faults) {
  if (priority >= limits.min_priority() && priority <= limits.max_priority()) {
    return;
  }
  faults.Add("priority",
             absl::StrCat(priority, " is not in ", limits.min_priority(), "..",
                          limits.max_priority()));
}

// NOT_FOUND for the first blob of the spec that is not there. Looking keeps
// them from being collected before the job refers to them.
absl::Status CheckBlobs(const v1::JobSpec& spec, BlobStore& blobs) {
  for (const SpecBlob& blob : BlobsOf(spec, "spec")) {
    const absl::Status status = blobs.Stat(blob.name).status();
    if (!status.ok()) return Annotate(status, blob.path);
  }
  return absl::OkStatus();
}

}  // namespace

v1::Limits DefaultLimits() {
  v1::Limits limits;
  limits.set_max_spec_bytes(int64_t{8} << 20);
  limits.set_max_blob_bytes(int64_t{2} << 30);
  limits.set_max_canvas_pixels(int64_t{1} << 28);
  limits.set_max_rows(256);
  limits.set_max_steps(1'000'000);
  limits.set_max_model_bytes(int64_t{2} << 30);
  limits.set_min_priority(-100);
  limits.set_max_priority(100);
  limits.set_max_watchers_per_job(256);
  return limits;
}

absl::Status ValidateCreateJob(const v1::CreateJobRequest& request,
                               const ValidationContext& context) {
  const v1::JobSpec& spec = request.job().spec();
  const int64_t size = spec.ByteSizeLong();
  if (size > context.limits.max_spec_bytes()) {
    return FieldError(
        "spec", absl::StrCat(size, " bytes; at most ",
                             context.limits.max_spec_bytes(), " are allowed"));
  }
  Faults faults;
  if (!request.job_id().empty() && !IsJobId(request.job_id())) {
    faults.Add("job_id",
               absl::StrCat("\"", request.job_id().substr(0, 100),
                            "\" is not 1-63 characters a-z, 0-9 and '-' that "
                            "start with a letter"));
  }
  if (!request.request_id().empty() && !IsUuid(request.request_id())) {
    faults.Add("request_id",
               absl::StrCat("\"", request.request_id().substr(0, 100),
                            "\" is no UUID"));
  }
  CheckLabels(request.job().labels(), faults);
  CheckPriority(request.job().priority(), context.limits, faults);
  AddSpecFaults(spec, context.limits, faults);
  RETURN_IF_ERROR(faults.ToStatus());
  if (context.blobs != nullptr) {
    RETURN_IF_ERROR(CheckBlobs(spec, *context.blobs));
  }
  return context.engine_check ? context.engine_check(spec) : absl::OkStatus();
}

absl::Status ValidateUpdateJob(const v1::UpdateJobRequest& request,
                               const ValidationContext& context) {
  static const auto* const paths =
      new std::vector<std::string>{"labels", "priority", "*"};
  Faults faults;
  const absl::Status name = CheckJobName(request.job().name());
  for (const Fault& fault : FaultsOf(name)) {
    faults.Add(fault.field, fault.message);
  }
  for (const std::string& path : request.update_mask().paths()) {
    if (std::find(paths->begin(), paths->end(), path) == paths->end()) {
      faults.Add("update_mask",
                 absl::StrCat("\"", path.substr(0, 100),
                              "\" cannot change; allowed: labels, priority, *",
                              NearestHint(path.substr(0, 100), *paths)));
    }
  }
  CheckLabels(request.job().labels(), faults);
  CheckPriority(request.job().priority(), context.limits, faults);
  return faults.ToStatus();
}

absl::Status CheckJobName(absl::string_view name, absl::string_view field) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  if (parts.size() == 2 && parts[0] == "jobs" && IsJobId(parts[1])) {
    return absl::OkStatus();
  }
  return FieldError(
      field, absl::StrCat("\"", name.substr(0, 100), "\" is not jobs/{job}"));
}

absl::StatusOr<FrameName> ParseFrameName(absl::string_view name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(name, '/');
  FrameName out;
  if (parts.size() == 4 && parts[0] == "jobs" && IsJobId(parts[1]) &&
      parts[2] == "frames" && absl::SimpleAtoi(parts[3], &out.step) &&
      absl::StrCat(out.step) == parts[3] && out.step >= 0) {
    out.job = absl::StrCat("jobs/", parts[1]);
    return out;
  }
  return FieldError("name", absl::StrCat("\"", name.substr(0, 100),
                                         "\" is not jobs/{job}/frames/{step}"));
}

absl::StatusOr<int> PageSize(int requested) {
  constexpr int kDefault = 50;
  constexpr int kMaxCount = 1000;
  if (requested < 0) {
    return FieldError("page_size", absl::StrCat(requested, " is negative"));
  }
  return requested == 0 ? kDefault : std::min(requested, kMaxCount);
}

}  // namespace phosphene
