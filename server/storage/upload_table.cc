// Leases and bounds of uploads that have not finished.

#include "server/storage/upload_table.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/storage/checks.h"

namespace phosphene {

void UploadTable::Found(absl::string_view name, int64_t bytes,
                        absl::Time touched) {
  Upload& upload = uploads_[std::string(name)];
  upload.bytes = bytes;
  upload.touched = touched;
}

bool UploadTable::IsBrokenOff(const Upload& upload) const {
  if (upload.lease == 0) return true;
  return !upload.writing &&
         options_.clock->Steady() - upload.heard >= options_.upload_idle;
}

void UploadTable::Touch(Upload& upload) {
  upload.touched = options_.clock->Now();
  upload.heard = options_.clock->Steady();
}

UploadTable::Upload* UploadTable::Held(absl::string_view name, Lease lease) {
  const auto it = uploads_.find(name);
  return it != uploads_.end() && it->second.lease == lease ? &it->second
                                                           : nullptr;
}

absl::Status UploadTable::CheckRoom(int uploads, int64_t bytes) const {
  for (const auto& [name, upload] : uploads_) {
    if (IsBrokenOff(upload)) continue;
    ++uploads;
    bytes += upload.bytes;
  }
  if (uploads <= options_.max_partials && bytes <= options_.max_partial_bytes) {
    return absl::OkStatus();
  }
  return WithReason(
      absl::ResourceExhaustedError(absl::StrCat(
          "too much is being uploaded at once; at most ", options_.max_partials,
          " uploads and ", options_.max_partial_bytes,
          " bytes that have not become blobs; try again later")),
      "TOO_MANY_UPLOADS");
}

absl::StatusOr<UploadTable::Lease> UploadTable::Begin(absl::string_view name) {
  const auto it = uploads_.find(name);
  const bool there = it != uploads_.end();
  if (there && !IsBrokenOff(it->second)) return UploadBusy(name);
  RETURN_IF_ERROR(CheckRoom(1, there ? it->second.bytes : 0));
  Upload& upload = there ? it->second : uploads_[std::string(name)];
  Touch(upload);
  upload.lease = ++last_lease_;
  upload.writing = true;
  return upload.lease;
}

absl::Status UploadTable::BeginWrite(absl::string_view name, Lease lease,
                                     int64_t bytes) {
  Upload* const upload = Held(name, lease);
  if (upload == nullptr) return UploadTakenOver(name);
  Touch(*upload);  // it counts among the active ones
  upload->writing = true;
  const absl::Status room = CheckRoom(0, bytes);
  if (!room.ok()) upload->writing = false;
  if (room.ok()) upload->bytes += bytes;
  return room;
}

void UploadTable::Wrote(absl::string_view name, Lease lease, int64_t bytes) {
  Upload* const upload = Held(name, lease);
  if (upload == nullptr) return;
  upload->bytes = bytes;
  Touch(*upload);
  upload->writing = false;
}

void UploadTable::Release(absl::string_view name, Lease lease) {
  Upload* const upload = Held(name, lease);
  if (upload == nullptr) return;
  upload->lease = 0;
  upload->writing = false;
  if (upload->bytes == 0) uploads_.erase(uploads_.find(name));
}

bool UploadTable::End(absl::string_view name, Lease lease) {
  if (Held(name, lease) == nullptr) return false;
  uploads_.erase(uploads_.find(name));
  return true;
}

std::vector<std::string> UploadTable::TakeExpired() {
  const absl::Time now = options_.clock->Now();
  std::multimap<absl::Time, std::string> broken_off;  // oldest first
  int64_t bytes = 0;
  for (const auto& [name, upload] : uploads_) {
    bytes += upload.bytes;
    if (IsBrokenOff(upload)) broken_off.emplace(upload.touched, name);
  }
  std::vector<std::string> expired;
  for (const auto& [touched, name] : broken_off) {
    const bool fits =
        static_cast<int>(uploads_.size()) <= options_.max_partials &&
        bytes <= options_.max_partial_bytes;
    if (fits && now - touched <= options_.keep_partial) break;
    const auto it = uploads_.find(name);
    bytes -= it->second.bytes;
    uploads_.erase(it);
    expired.push_back(name);
  }
  return expired;
}

}  // namespace phosphene
