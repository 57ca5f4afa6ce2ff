// Joins what several checks find into one answer.
#include "server/rules/verdict.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"

namespace phosphene {
namespace {

bool StandsAt(const Fault& fault, absl::string_view path) {
  const absl::string_view field = fault.field;
  return absl::StartsWith(field, path) &&
         (field.size() == path.size() || field[path.size()] == '.' ||
          field[path.size()] == '[');
}

bool AnyAt(const Faults& faults, absl::string_view path) {
  return std::any_of(faults.list().begin(), faults.list().end(),
                     [&](const Fault& fault) { return StandsAt(fault, path); });
}

}  // namespace

bool Verdict::Join(const absl::Status& status, absl::string_view path) {
  const bool missing = absl::IsNotFound(status);
  const bool unimplemented = absl::IsUnimplemented(status);
  if (status.ok()) return true;
  if (!missing && !unimplemented && !absl::IsInvalidArgument(status))
    return false;
  std::vector<Fault> list = FaultsOf(status);
  if (list.empty())
    list.push_back({std::string(path), std::string(status.message())});
  // What was told before, not what this check tells twice of a field.
  const Faults wrong_before = wrong_, others_before = others_;
  for (const Fault& fault : list) {
    if (wrong_before.Has(fault.field) || others_before.Has(fault.field))
      continue;
    if (missing) {
      AddMissing(fault.field, WithReason(absl::NotFoundError(fault.message),
                                         ReasonOf(status)));
    } else if (unimplemented) {
      AddUnimplemented(fault.field, fault.message);
    } else {
      wrong_.Add(fault.field, fault.message);
    }
  }
  return true;
}

void Verdict::AddMissing(absl::string_view path,
                         const absl::Status& not_found) {
  if (!missing_) reason_ = ReasonOf(not_found);
  missing_ = true;
  others_.Add(path, std::string(not_found.message()));
}

void Verdict::AddUnimplemented(absl::string_view path,
                               absl::string_view message) {
  unimplemented_ = true;
  others_.Add(path, message);
}

bool Verdict::HasAt(absl::string_view path) const {
  return AnyAt(wrong_, path) || AnyAt(others_, path);
}

absl::Status Verdict::ToStatus() const {
  if (wrong_.empty() && missing_ != unimplemented_) {
    if (unimplemented_)
      return others_.ToStatus(absl::StatusCode::kUnimplemented);
    const absl::Status status = others_.ToStatus(absl::StatusCode::kNotFound);
    return reason_.empty() ? status : WithReason(status, reason_);
  }
  Faults all = wrong_;
  for (const Fault& fault : others_.list()) all.Add(fault.field, fault.message);
  return all.ToStatus();
}

}  // namespace phosphene
