// Holds the requests that make and change jobs to their rules.
#include "server/jobs/validate.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/base/faults.h"
#include "server/base/ids.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/rules/rules.h"
#include "server/rules/spec_rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

// Adds the blobs a spec names that are not there. Looking keeps those that are
// from being collected before the job refers to them.
absl::Status AddMissingBlobs(const v1::JobSpec& spec, BlobStore& blobs,
                             Verdict& verdict) {
  std::map<std::string, absl::Status> looked_up;
  absl::Status broken;
  VisitTexts(spec, "spec", v1::FieldRules::BLOB, [&](const RuledText& blob) {
    if (!broken.ok() || verdict.full() || !IsBlobName(blob.value)) return;
    auto found = looked_up.find(blob.value);
    if (found == looked_up.end()) {
      const absl::Status status = blobs.Stat(blob.value).status();
      found = looked_up.emplace(blob.value, status).first;
    }
    if (absl::IsNotFound(found->second)) {
      verdict.AddMissing(blob.path, found->second);
    } else {
      broken = Annotate(found->second, blob.path);
    }
  });
  return broken;
}

}  // namespace

v1::Limits DefaultLimits() {
  v1::Limits limits = RuleLimits();
  limits.set_max_spec_bytes(int64_t{8} << 20);
  limits.set_max_blob_bytes(int64_t{2} << 30);
  limits.set_max_model_bytes(int64_t{2} << 30);
  limits.set_max_watchers_per_job(256);
  return limits;
}

absl::Status ValidateCreateJob(const v1::CreateJobRequest& request,
                               const ValidationContext& context) {
  const v1::JobSpec& spec = request.job().spec();
  const int64_t size = spec.ByteSizeLong();
  if (size > context.limits.max_spec_bytes()) {
    return FieldError("spec",
                      absl::StrCat("has ", size, " bytes; allowed: at most ",
                                   context.limits.max_spec_bytes()));
  }
  Verdict verdict;
  AddFieldFaults(request, "job_id", "", verdict.faults());
  AddFieldFaults(request, "request_id", "", verdict.faults());
  AddRuleFaults(request.job(), "", verdict.faults());
  AddRelationFaults(spec, verdict.faults());
  if (context.blobs != nullptr) {
    RETURN_IF_ERROR(AddMissingBlobs(spec, *context.blobs, verdict));
  }
  if (context.find_model && !spec.model().empty() &&
      !verdict.HasAt("spec.model")) {
    const absl::Status found = context.find_model(spec.model());
    if (absl::IsNotFound(found)) verdict.AddMissing("spec.model", found);
  }
  if (context.engine_check && request.job().has_spec()) {
    const absl::Status checked = context.engine_check(spec);
    // An accident of the engine matters only where the request is well.
    if (!verdict.Join(checked, "spec") && verdict.ok()) return checked;
  }
  return verdict.ToStatus();
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
  AddFieldFaults(request.job(), "labels", "", faults);
  AddFieldFaults(request.job(), "priority", "", faults);
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
