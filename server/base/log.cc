// Log lines on stderr by spdlog, as text or as JSON.

#include "server/base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

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

// Members of a JSON object, without its braces: they follow those the pattern
// writes. Bytes that are not UTF-8 become U+FFFD: whoever reads the log must
// be able to parse every line.
std::string JsonMembers(absl::string_view message,
                        std::initializer_list<LogField> fields) {
  nlohmann::ordered_json object;
  object["message"] = std::string(message);
  for (const auto& [key, value] : fields) object[std::string(key)] = value;
  const std::string text =
      object.dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/false,
                  nlohmann::ordered_json::error_handler_t::replace);
  return text.substr(1, text.size() - 2);
}

// One event stays one line, and nothing in it moves a terminal's cursor.
std::string OneLine(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppend(&out, "\\x", absl::Hex(byte, absl::kZeroPad2));
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
    line = JsonMembers(message, fields);
  } else {
    line = OneLine(message);
    for (const auto& [key, value] : fields)
      absl::StrAppend(&line, " ", key, "=", OneLine(value));
  }
  Logger()->log(spd_level, "{}", line);
}

void CheckFailed(const char* file, int line, const char* condition) {
  Log(LogLevel::kError,
      absl::StrCat("check failed: ", condition, " at ", file, ":", line));
  std::abort();
}

}  // namespace phosphene
