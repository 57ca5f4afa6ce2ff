// The progress of a job as CSV.

#include "client/view/history.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace phosphene::client {

void History::Add(const v1::Progress& progress) {
  // An event that comes again after a reconnection adds nothing.
  if (!seen_.empty() && progress.step() <= seen_.back().step()) return;
  seen_.push_back(progress);
}

std::string History::Csv() const {
  std::string out = "step,objective";
  if (!seen_.empty()) {
    for (const v1::ObjectiveValue& term : seen_.back().objectives()) {
      absl::StrAppend(&out, ",\"",
                      absl::StrReplaceAll(term.label(), {{"\"", "\"\""}}),
                      "\"");
    }
  }
  absl::StrAppend(&out, "\n");
  for (const v1::Progress& progress : seen_) {
    absl::StrAppendFormat(&out, "%d,%.9g", progress.step(),
                          progress.objective_value());
    for (const v1::ObjectiveValue& term : progress.objectives())
      absl::StrAppendFormat(&out, ",%.9g", term.value());
    absl::StrAppend(&out, "\n");
  }
  return out;
}

}  // namespace phosphene::client
