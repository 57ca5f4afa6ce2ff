#pragma once

// Matchers for absl::Status and StatusOr, named as in later versions of
// Abseil.

#include <gmock/gmock.h>

#include <ostream>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace phosphene {

inline const absl::Status& StatusOf(const absl::Status& status) {
  return status;
}
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  if (StatusOf(arg).ok()) return true;
  *result_listener << StatusOf(arg);
  return false;
}

// The code, and a text or matcher the message contains or satisfies.
MATCHER_P2(StatusIs, code, message,
           "has code " + absl::StatusCodeToString(code) +
               " and a message that " +
               testing::DescribeMatcher<std::string>(message)) {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).code() == code &&
         testing::ExplainMatchResult(
             message, std::string(StatusOf(arg).message()), result_listener);
}
inline auto StatusIs(absl::StatusCode code) {
  return StatusIs(code, testing::A<std::string>());
}
inline auto StatusIs(absl::StatusCode code, const char* part) {
  return StatusIs(code, testing::HasSubstr(std::string(part)));
}

// OK with a value that satisfies the matcher.
MATCHER_P(IsOkAndHolds, matcher, "is OK and holds a value") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  return testing::ExplainMatchResult(matcher, *arg, result_listener);
}

}  // namespace phosphene

#define PHOSPHENE_TEST_CONCAT_INNER_(a, b) a##b
#define PHOSPHENE_TEST_CONCAT_(a, b) PHOSPHENE_TEST_CONCAT_INNER_(a, b)
#define PHOSPHENE_ASSERT_OK_AND_ASSIGN_(tmp, lhs, expr) \
  auto tmp = (expr);                                    \
  ASSERT_TRUE(tmp.ok()) << tmp.status();                \
  lhs = std::move(tmp).value()

// Ends the test when `expr`, a StatusOr, is an error; else assigns its value.
#define ASSERT_OK_AND_ASSIGN(lhs, expr)                                       \
  PHOSPHENE_ASSERT_OK_AND_ASSIGN_(PHOSPHENE_TEST_CONCAT_(test_or_, __LINE__), \
                                  lhs, expr)

#define ASSERT_OK(expr) ASSERT_THAT(expr, ::phosphene::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT(expr, ::phosphene::IsOk())
