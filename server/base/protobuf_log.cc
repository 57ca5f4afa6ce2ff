// Sends protobuf's own messages to our log.

#include "server/base/protobuf_log.h"

#include <google/protobuf/stubs/logging.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"

namespace phosphene {
namespace {

void ToLog(google::protobuf::LogLevel level, const char* file, int line,
           const std::string& message) {
  const bool fatal = level == google::protobuf::LOGLEVEL_FATAL;
  Log(fatal ? LogLevel::kError : LogLevel::kDebug, "protobuf",
      {{"said", message}, {"source", absl::StrCat(file, ":", line)}});
}

}  // namespace

void RouteProtobufLog() {
  static auto* const before = google::protobuf::SetLogHandler(&ToLog);
  (void)before;
}

}  // namespace phosphene
