#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "phosphene/v1/job.pb.h"

namespace phosphene {

// One comparison of a filter, such as `priority >= 5`.
struct Comparison {
  enum class Field { kState, kModel, kPriority, kCreateTime, kLabel };
  enum class Op { kEq, kNe, kLt, kLe, kGt, kGe, kPrefix, kPresent };
  Field field = Field::kState;
  std::string label_key;  // of kLabel
  Op op = Op::kEq;
  // The value, in the member of the field's type.
  std::string text;                                   // kModel, kLabel
  v1::Job::State state = v1::Job::STATE_UNSPECIFIED;  // kState
  int64_t number = 0;                                 // kPriority
  absl::Time time;                                    // kCreateTime
};

// What ListJobs may ask for: comparisons, all of which must hold. Empty holds
// for every job.
struct JobFilter {
  std::vector<Comparison> all;
};

// Parses the AIP-160 subset of ListJobsRequest.filter: comparisons joined by
// AND, over `state`, `model`, `priority`, `create_time`, `labels.KEY`.
// * `state` takes `=` and `!=`, `model` these and prefixes; `priority` and
//   `create_time` (RFC 3339) every operator but prefixes; labels all, by the
//   order of their bytes.
// * `:` is equality, or with `*` at the end of its value a prefix match; `:*`
//   asks whether the field is there, which all but labels are.
// * A value may stand in double quotes, with \" and \\ inside, and must when it
//   has spaces or one of ()",<>=! in it. So may the KEY of a label.
// * A label that is not there satisfies no comparison, `!=` included.
// `model` means the same with and without "models/".
// INVALID_ARGUMENT on field "filter" tells the position and what is allowed.
// At most 4096 bytes and 32 comparisons.
absl::StatusOr<JobFilter> ParseJobFilter(absl::string_view text);

// Whether a job satisfies the filter: what every JobStore's List must return.
bool Matches(const JobFilter& filter, const v1::Job& job);

// A text that is equal for equal filters; page tokens carry its hash.
std::string CanonicalText(const JobFilter& filter);

}  // namespace phosphene
