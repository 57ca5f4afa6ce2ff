// Collects faults, and carries them as the payload of a status.
#include "server/base/faults.h"

#include <algorithm>
#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace phosphene {
namespace {

constexpr absl::string_view kFaultsUrl = "phosphene/faults";
constexpr absl::string_view kReasonUrl = "phosphene/reason";
// Unit and record separators: they do not occur in messages.
constexpr char kUnit = '\x1f';
constexpr char kRecord = '\x1e';

}  // namespace

void Faults::Add(absl::string_view field, absl::string_view message) {
  if (full()) return;
  const bool listed =
      std::any_of(faults_.begin(), faults_.end(), [&](const Fault& fault) {
        return fault.field == field && fault.message == message;
      });
  if (!listed) faults_.push_back({std::string(field), std::string(message)});
}

bool Faults::Has(absl::string_view field) const {
  return std::any_of(faults_.begin(), faults_.end(),
                     [&](const Fault& fault) { return fault.field == field; });
}

absl::Status Faults::ToStatus(absl::StatusCode code) const {
  if (faults_.empty()) return absl::OkStatus();
  std::string text, payload;
  for (const Fault& fault : faults_) {
    if (!text.empty()) text += "; ";
    absl::StrAppend(&text, fault.field, fault.field.empty() ? "" : ": ",
                    fault.message);
    payload += absl::StrCat(fault.field, std::string(1, kUnit), fault.message,
                            std::string(1, kRecord));
  }
  absl::Status status(code, text);
  status.SetPayload(kFaultsUrl, absl::Cord(payload));
  return status;
}

absl::Status FieldError(absl::string_view field, absl::string_view message) {
  Faults faults;
  faults.Add(field, message);
  return faults.ToStatus();
}

std::vector<Fault> FaultsOf(const absl::Status& status) {
  std::vector<Fault> out;
  const absl::optional<absl::Cord> payload = status.GetPayload(kFaultsUrl);
  if (!payload.has_value()) return out;
  const std::string text(*payload);
  for (absl::string_view record :
       absl::StrSplit(text, kRecord, absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(record, absl::MaxSplits(kUnit, 1));
    out.push_back({std::string(parts.first), std::string(parts.second)});
  }
  return out;
}

absl::Status WithReason(absl::Status status, absl::string_view reason) {
  if (!status.ok()) status.SetPayload(kReasonUrl, absl::Cord(reason));
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kReasonUrl);
  return payload.has_value() ? std::string(*payload) : "";
}

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status out(status.code(),
                   absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) {
    out.SetPayload(url, payload);
  });
  return out;
}

}  // namespace phosphene
