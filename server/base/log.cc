// Log lines on stderr by spdlog, as text or as JSON.

#include "server/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

std::atomic<bool> json_format{false};

std::shared_ptr<spdlog::logger> Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = spdlog::stderr_logger_mt("phosphene");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %L %v");
    return made;
  }();
  return logger;
}

spdlog::level::level_enum SpdLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// As a JSON string's inside (RFC 8259, 7).
std::string Escaped(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppend(
          &out, "\\u00",
          absl::Hex(static_cast<unsigned char>(c), absl::kZeroPad2));
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

absl::Status ConfigureLog(absl::string_view level, absl::string_view format) {
  const spdlog::level::level_enum parsed =
      spdlog::level::from_str(std::string(level));
  if (level != "trace" && level != "debug" && level != "info" &&
      level != "warn" && level != "error") {
    return absl::InvalidArgumentError(
        absl::StrCat("log level \"", level,
                     "\" is not one of trace, debug, info, warn, error"));
  }
  if (format != "text" && format != "json") {
    return absl::InvalidArgumentError(
        absl::StrCat("log format \"", format, "\" is not one of text, json"));
  }
  Logger()->set_level(level == "error" ? spdlog::level::err : parsed);
  json_format = format == "json";
  Logger()->set_pattern(
      json_format ? "{\"time\":\"%Y-%m-%dT%H:%M:%S.%e%z\",\"level\":\"%l\",%v}"
                  : "%Y-%m-%dT%H:%M:%S.%e%z %L %v");
  return absl::OkStatus();
}

void Log(LogLevel level, absl::string_view message,
         std::initializer_list<LogField> fields) {
  const spdlog::level::level_enum spd_level = SpdLevel(level);
  if (!Logger()->should_log(spd_level)) return;
  std::string line;
  if (json_format) {
    line = absl::StrCat("\"message\":\"", Escaped(message), "\"");
    for (const auto& [key, value] : fields) {
      absl::StrAppend(&line, ",\"", key, "\":\"", Escaped(value), "\"");
    }
  } else {
    line = std::string(message);
    for (const auto& [key, value] : fields)
      absl::StrAppend(&line, " ", key, "=", value);
  }
  Logger()->log(spd_level, "{}", line);
}

void CheckFailed(const char* file, int line, const char* condition) {
  Log(LogLevel::kError,
      absl::StrCat("check failed: ", condition, " at ", file, ":", line));
  std::abort();
}

}  // namespace phosphene
