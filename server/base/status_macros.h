#pragma once

// Early return on errors. Names follow later versions of Abseil, which
// Debian's lacks.

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the calling function unless it is OK.
#define RETURN_IF_ERROR(expr)                              \
  do {                                                     \
    absl::Status phosphene_status_ = (expr);               \
    if (!phosphene_status_.ok()) return phosphene_status_; \
  } while (false)

#define PHOSPHENE_CONCAT_INNER_(a, b) a##b
#define PHOSPHENE_CONCAT_(a, b) PHOSPHENE_CONCAT_INNER_(a, b)
#define PHOSPHENE_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                                \
  if (!tmp.ok()) return std::move(tmp).status();    \
  lhs = std::move(tmp).value()

// Evaluates `expr`, a StatusOr; returns its status or assigns its value.
// Example: ASSIGN_OR_RETURN(auto graph, Graph::Parse(bytes));
#define ASSIGN_OR_RETURN(lhs, expr)                                            \
  PHOSPHENE_ASSIGN_OR_RETURN_(PHOSPHENE_CONCAT_(phosphene_or_, __LINE__), lhs, \
                              expr)
