#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// One thing wrong with a request: where (`spec.objectives[0].channel.layer`)
// and what, in a sentence that names the value, what is allowed and the
// nearest match.
struct Fault {
  std::string field;
  std::string message;
};

// Collects everything wrong with a request, so that the caller sees all of it
// at once. Thread-compatible.
class Faults {
 public:
  // As many are listed; who gets so many mends them first.
  static constexpr size_t kMaxFaults = 100;

  // Adds a fault unless full(); one that is listed already is not told twice.
  void Add(absl::string_view field, absl::string_view message);
  // Whether a fault stands at `field` itself.
  bool Has(absl::string_view field) const;
  // Nothing more is listed: a check may stop.
  bool full() const { return faults_.size() >= kMaxFaults; }
  bool empty() const { return faults_.empty(); }
  const std::vector<Fault>& list() const { return faults_; }
  // OK when empty; else an error "field: message; field: message" whose faults
  // FaultsOf() gets back (rpc makes a google.rpc.BadRequest).
  absl::Status ToStatus(
      absl::StatusCode code = absl::StatusCode::kInvalidArgument) const;

 private:
  std::vector<Fault> faults_;
};

// A status of one fault.
absl::Status FieldError(absl::string_view field, absl::string_view message);

// Faults attached to a status; empty when it carries none.
std::vector<Fault> FaultsOf(const absl::Status& status);

// Attaches a machine-readable reason, UPPER_SNAKE, at most 63 characters
// (google.rpc.ErrorInfo.reason); ReasonOf is "" when there is none.
absl::Status WithReason(absl::Status status, absl::string_view reason);
std::string ReasonOf(const absl::Status& status);

// The same status (payloads kept) with `context` and ": " before its message.
absl::Status Annotate(const absl::Status& status, absl::string_view context);

}  // namespace phosphene
