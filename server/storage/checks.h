#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// The errors of blob_store.h, worded alike by every backend.

absl::Status MissingBlob(absl::string_view name);
// INVALID_ARGUMENT when negative, RESOURCE_EXHAUSTED when larger than allowed.
absl::Status CheckBlobSize(int64_t size, const BlobStoreOptions& options);
// The number of bytes that `offset` and `limit` select of `size`; OUT_OF_RANGE
// for the offset, INVALID_ARGUMENT for a negative limit.
absl::StatusOr<int64_t> BytesInRange(absl::string_view name, int64_t offset,
                                     int64_t limit, int64_t size);
// OUT_OF_RANGE unless an upload may go on at `offset`.
absl::Status CheckUploadOffset(absl::string_view name, int64_t offset,
                               int64_t committed);
// INVALID_ARGUMENT unless both agree.
absl::Status CheckUploadSize(absl::string_view name, int64_t stated,
                             int64_t arrived);
absl::Status CheckUploadName(absl::string_view stated,
                             absl::string_view actual);
absl::Status UploadBusy(absl::string_view name);
// ABORTED: it paused too long, see BlobStoreOptions::upload_idle.
absl::Status UploadTakenOver(absl::string_view name);
absl::Status UploadOver(absl::string_view name);
// DATA_LOSS.
absl::Status DamagedBlob(absl::string_view name);
// ABORTED: Delete found a blob in use.
absl::Status BlobTouched(absl::string_view name);

}  // namespace phosphene
