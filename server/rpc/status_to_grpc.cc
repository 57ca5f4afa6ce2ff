#include "server/rpc/status_to_grpc.h"

#include <google/protobuf/any.pb.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "server/base/faults.h"

namespace phosphene {
namespace {

// The message travels twice (percent-encoded in grpc-message, base64 in the
// details) and the faults once more; 8 KB in all.
constexpr size_t kLongestMessage = 1000;
constexpr size_t kLongestFaultText = 400;
constexpr size_t kAllFaultText = 2000;
constexpr size_t kLongestReason = 63;
constexpr int kRetrySeconds = 1;

// Length of the UTF-8 sequence at the beginning of `text`, 0 when it is none.
// Lets overlong forms and surrogates of 3 bytes pass the first test only.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) >= 0xA0) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) >= 0x90) return 0;
  return length;
}

// `text` as valid UTF-8 of about `longest` bytes: bad bytes and control
// characters become '?', the rest beyond is "...".
std::string Presentable(absl::string_view text, size_t longest) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= longest) return out + "...";
    const size_t length = SequenceLength(text);
    if (length == 0 || (length == 1 && (text[0] < ' ' && text[0] != '\n' && text[0] != '\t'))) {
      out += '?';
      text.remove_prefix(1);
    } else {
      out.append(text.data(), length);
      text.remove_prefix(length);
    }
  }
  return out;
}

void AddFaults(const absl::Status& status, google::rpc::Status& out) {
  google::rpc::BadRequest bad;
  size_t spent = 0;
  for (const Fault& fault : FaultsOf(status)) {
    auto& violation = *bad.add_field_violations();
    violation.set_field(Presentable(fault.field, kLongestFaultText));
    violation.set_description(Presentable(fault.message, kLongestFaultText));
    spent += violation.field().size() + violation.description().size();
    if (spent > kAllFaultText) break;  // enough to work on
  }
  if (bad.field_violations_size() > 0) out.add_details()->PackFrom(bad);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  out.set_code(static_cast<int>(status.code()));
  if (status.ok()) return out;
  out.set_message(Presentable(status.message(), kLongestMessage));
  google::rpc::ErrorInfo info;
  const std::string reason = ReasonOf(status);
  info.set_reason(reason.empty() ? absl::StatusCodeToString(status.code())
                                 : reason.substr(0, kLongestReason));
  info.set_domain("phosphene");
  out.add_details()->PackFrom(info);
  AddFaults(status, out);
  if (absl::IsUnavailable(status)) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(kRetrySeconds);
    out.add_details()->PackFrom(retry);
  }
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status full = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(full.code()), full.message(),
                      full.SerializeAsString());
}

}  // namespace phosphene
