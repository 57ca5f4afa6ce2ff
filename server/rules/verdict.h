#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/base/faults.h"

namespace phosphene {

// The faults that several checks of one request find, joined into one answer
// in which none is told twice: where a check has found a fault, later ones
// have nothing to add at that field. Thread-compatible.
// Example:
//   Verdict verdict;
//   AddRuleFaults(spec, "spec", verdict.faults());
//   verdict.Join(CheckParam(spec.parameterization(), path), path);
//   return verdict.ToStatus();
class Verdict {
 public:
  // For a check that adds faults itself: what is wrong with the request.
  Faults& faults() { return wrong_; }

  // Adds what a check answered: INVALID_ARGUMENT, NOT_FOUND (something the
  // request names does not exist) or UNIMPLEMENTED (an arm that is not built
  // in), with faults attached or else on `path`; a fault at a field that has
  // one already is left out. OK adds nothing. Returns false, and adds nothing,
  // for any other error: it is not about the request.
  bool Join(const absl::Status& status, absl::string_view path);

  // Something at `path` that the request names and that does not exist; the
  // status says what. The first one's reason becomes the answer's.
  void AddMissing(absl::string_view path, const absl::Status& not_found);
  // An arm at `path` that is not built in.
  void AddUnimplemented(absl::string_view path, absl::string_view message);

  // Whether a fault stands at `path` or below it.
  bool HasAt(absl::string_view path) const;
  bool ok() const { return wrong_.empty() && others_.empty(); }
  bool full() const { return wrong_.full() || others_.full(); }

  // OK, or all of it: NOT_FOUND when things are missing and nothing else is
  // wrong, UNIMPLEMENTED likewise for arms, else INVALID_ARGUMENT.
  absl::Status ToStatus() const;

 private:
  Faults wrong_;
  // Missing things and arms not built in, in the order found.
  Faults others_;
  bool missing_ = false;
  bool unimplemented_ = false;
  std::string reason_;
};

}  // namespace phosphene
