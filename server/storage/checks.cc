// The errors of blob stores, in one wording.

#include "server/storage/checks.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/sha256.h"

namespace phosphene {
namespace {

constexpr absl::string_view kPrefix = "blobs/";

}  // namespace

absl::Status CheckBlobName(absl::string_view name, absl::string_view field) {
  if (IsBlobName(name)) return absl::OkStatus();
  return FieldError(field, absl::StrCat("\"", name.substr(0, 100),
                                        "\" is not a blob; allowed: blobs/ and "
                                        "64 lower-case hex digits"));
}

std::string BlobNameOf(absl::string_view bytes) {
  return absl::StrCat(kPrefix, Sha256Hex(bytes));
}

absl::Status MissingBlob(absl::string_view name) {
  return absl::NotFoundError(absl::StrCat("no blob ", name));
}

absl::Status CheckBlobSize(int64_t size, const BlobStoreOptions& options) {
  if (size < 0) {
    return FieldError("size_bytes", absl::StrCat(size, " is negative"));
  }
  if (size <= options.max_blob_bytes) return absl::OkStatus();
  // Told apart from a full disk, which passes.
  return WithReason(absl::ResourceExhaustedError(
                        absl::StrCat("a blob of ", size, " bytes; at most ",
                                     options.max_blob_bytes, " are allowed")),
                    "BLOB_TOO_LARGE");
}

absl::StatusOr<int64_t> BytesInRange(absl::string_view name, int64_t offset,
                                     int64_t limit, int64_t size) {
  if (offset < 0 || offset > size) {
    return absl::OutOfRangeError(absl::StrCat("offset ", offset, " of ", name,
                                              ", which has ", size, " bytes"));
  }
  if (limit < 0) {
    return FieldError("limit", absl::StrCat(limit, " is negative"));
  }
  const int64_t rest = size - offset;
  return limit == 0 ? rest : std::min(limit, rest);
}

absl::Status CheckUploadOffset(absl::string_view name, int64_t offset,
                               int64_t committed) {
  if (offset == 0 || offset == committed) return absl::OkStatus();
  return absl::OutOfRangeError(absl::StrCat(
      "offset ", offset, "; ", committed, " bytes of ", name, " have arrived"));
}

absl::Status CheckUploadSize(absl::string_view name, int64_t stated,
                             int64_t arrived) {
  if (stated == arrived) return absl::OkStatus();
  return FieldError("size_bytes",
                    absl::StrCat(stated, " bytes of ", name,
                                 " were stated, but ", arrived, " came"));
}

absl::Status CheckUploadName(absl::string_view stated,
                             absl::string_view actual) {
  if (stated == actual) return absl::OkStatus();
  return FieldError("name", absl::StrCat("the bytes are those of ", actual,
                                         ", not of ", stated));
}

absl::Status UploadBusy(absl::string_view name) {
  return absl::AbortedError(
      absl::StrCat(name, " is being uploaded by somebody else"));
}

absl::Status UploadTakenOver(absl::string_view name) {
  return absl::AbortedError(
      absl::StrCat("the upload of ", name,
                   " paused too long: another took it over, or it had to make "
                   "room; ask how much has arrived and go on from there"));
}

absl::Status UploadOver(absl::string_view name) {
  return absl::FailedPreconditionError(
      absl::StrCat("the upload of ", name, " is over"));
}

absl::Status DamagedBlob(absl::string_view name) {
  return absl::DataLossError(absl::StrCat(
      "the stored bytes of ", name, " are damaged; an upload replaces them"));
}

absl::Status BlobTouched(absl::string_view name) {
  return absl::AbortedError(absl::StrCat(name, " was used since"));
}

}  // namespace phosphene
