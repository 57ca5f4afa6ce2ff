#pragma once

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

enum class LogLevel { kTrace, kDebug, kInfo, kWarn, kError };

// One key=value of a log line, such as {"job", "jobs/a"}.
using LogField = std::pair<absl::string_view, std::string>;

// Sets level ("trace" ... "error") and format ("text" or "json") of the
// process's log, which goes to stderr. INVALID_ARGUMENT names what is allowed.
absl::Status ConfigureLog(absl::string_view level, absl::string_view format);

// Writes a line: message and fields, in text (`message key=value`) or as a
// JSON object. Always one line: control characters are escaped, and JSON is
// valid UTF-8 whatever it is given; a key given twice counts once, with its
// last value. Thread-safe.
void Log(LogLevel level, absl::string_view message,
         std::initializer_list<LogField> fields = {});

inline void LogDebug(absl::string_view m,
                     std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kDebug, m, f);
}
inline void LogInfo(absl::string_view m,
                    std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kInfo, m, f);
}
inline void LogWarn(absl::string_view m,
                    std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kWarn, m, f);
}
inline void LogError(absl::string_view m,
                     std::initializer_list<LogField> f = {}) {
  Log(LogLevel::kError, m, f);
}

}  // namespace phosphene

// Ends the process with file, line and text when `condition` is false: for our
// own bugs only, never for input.
#define PHOSPHENE_CHECK(condition)                              \
  do {                                                          \
    if (!(condition))                                           \
      ::phosphene::CheckFailed(__FILE__, __LINE__, #condition); \
  } while (false)

namespace phosphene {
[[noreturn]] void CheckFailed(const char* file, int line,
                              const char* condition);
}  // namespace phosphene
