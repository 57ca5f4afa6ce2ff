#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/spec/expression_source.h"
#include "phosphene/v1/objective.pb.h"

namespace phosphene::client {

// One argument of a call, as written: `mixed4a:3` (key empty) or `cossim=2`.
struct Argument {
  std::string key;
  Span key_span;
  std::string value;
  Span span;  // of the value
};

// `channel(mixed4a:3, row=1)`.
struct Call {
  std::string name;
  Span span;  // of the name
  std::vector<Argument> arguments;
  Span closing;  // of the ')'
};

// The objective a call stands for. Errors point into `text`: an unknown name
// or key (with the nearest), a missing or surplus argument, a bad value.
absl::StatusOr<v1::Objective> BuildCall(absl::string_view text,
                                        const Call& call);

// Names of all objectives the text form knows, in the order of the manual.
std::vector<std::string> CallNames();

}  // namespace phosphene::client
