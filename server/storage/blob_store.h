#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/clock.h"
#include "server/base/ids.h"

namespace phosphene {

// A stored blob. `name` is `blobs/` and the sha256 of the content in 64
// lower-case hex digits.
struct BlobInfo {
  std::string name;
  int64_t size_bytes = 0;
  // When it was last stored or looked at; garbage collection spares young
  // blobs.
  absl::Time touch_time;
};

// How far an upload has come.
struct UploadProgress {
  int64_t committed_bytes = 0;
  bool complete = false;  // the blob is whole and readable
};

// An upload in progress. Dropped without Finish, what has arrived stays for a
// later BeginUpload at that offset. Thread-compatible; must not outlive its
// store.
class BlobUpload {
 public:
  virtual ~BlobUpload() = default;
  // Bytes held, this upload's start offset included.
  virtual int64_t committed_bytes() const = 0;
  // Adds bytes. INVALID_ARGUMENT: more than the stated size.
  // RESOURCE_EXHAUSTED: the disk is full, or the uploads at work exceed
  // max_partial_bytes. ABORTED: it paused for longer than upload_idle, and
  // another took it over or it had to make room. After an error the upload is
  // over, and but for ABORTED nothing is kept.
  virtual absl::Status Append(absl::string_view bytes) = 0;
  // Makes the blob readable; durable when it returns. INVALID_ARGUMENT: the
  // bytes do not match the stated sha256 or size; nothing is kept. ABORTED as
  // Append.
  virtual absl::StatusOr<BlobInfo> Finish() = 0;
};

// Files by content. A blob is immutable, whole or absent, and named after its
// bytes, so storing twice is storing once. Thread-safe.
//
// Errors common to all calls: INVALID_ARGUMENT when a name is no blob name,
// NOT_FOUND (naming the blob) when there is no such blob, RESOURCE_EXHAUSTED
// when the disk is full or the blob larger than allowed (nothing is kept),
// UNAVAILABLE when the backend cannot be reached.
//
// Kinds are listed in builtins.inc; docs/adding/storage.md tells how to add
// one, and memory.cc is its example.
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  // Stores bytes; durable when it returns. Storing what is there already
  // only refreshes touch_time.
  virtual absl::StatusOr<BlobInfo> Put(absl::string_view bytes) = 0;

  // `limit` bytes from `offset`, fewer at the end; limit 0: all to the end.
  // OUT_OF_RANGE: offset negative or beyond the end. DATA_LOSS: the stored
  // bytes do not match the name (checked on the first read since the bytes
  // were last seen to change).
  virtual absl::StatusOr<std::string> Read(absl::string_view name,
                                           int64_t offset, int64_t limit) = 0;
  // The whole content.
  absl::StatusOr<std::string> Get(absl::string_view name) {
    return Read(name, 0, 0);
  }

  // Looks at a blob and refreshes its touch_time: who asks means to use it.
  // DATA_LOSS: it is known to be damaged (a Read found it so).
  virtual absl::StatusOr<BlobInfo> Stat(absl::string_view name) = 0;

  // Names greater than `after` in order, at most `limit`; "" starts.
  virtual absl::StatusOr<std::vector<std::string>> List(absl::string_view after,
                                                        int limit) = 0;

  // Removes a blob; no error when it is absent. ABORTED, and it stays, when it
  // was stored or looked at after `untouched_since`.
  virtual absl::Status Delete(
      absl::string_view name,
      absl::Time untouched_since = absl::InfiniteFuture()) = 0;

  // Path of a local file with the content, for mapping into memory; it stays
  // valid until Delete. UNIMPLEMENTED where the backend holds no files.
  virtual absl::StatusOr<std::string> LocalPath(absl::string_view name) = 0;

  // Starts or resumes an upload; `offset` 0 starts anew. OUT_OF_RANGE: offset
  // is not committed_bytes of QueryUpload. INVALID_ARGUMENT: negative size.
  // ABORTED: another upload of this blob is in progress, which has brought
  // bytes within upload_idle (one that has not is taken over).
  // RESOURCE_EXHAUSTED: too many are in progress. When the blob is there
  // already and sound, Append ignores its bytes and Finish succeeds; a damaged
  // one is replaced.
  virtual absl::StatusOr<std::unique_ptr<BlobUpload>> BeginUpload(
      absl::string_view name, int64_t size_bytes, int64_t offset) = 0;
  // Never NOT_FOUND: zero bytes where nothing has arrived. A damaged blob is
  // not complete: it is looked at as Read does.
  virtual absl::StatusOr<UploadProgress> QueryUpload(
      absl::string_view name) = 0;
  // Removes broken-off uploads: those older than keep_partial, and the oldest
  // while there are more than max_partials or max_partial_bytes. BeginUpload
  // does it as well; this is for the idle server. Returns how many.
  virtual absl::StatusOr<int> ExpireUploads() = 0;
};

// INVALID_ARGUMENT naming `field`, unless IsBlobName (server/base/ids.h).
absl::Status CheckBlobName(absl::string_view name, absl::string_view field);
// The name of the blob with this content.
std::string BlobNameOf(absl::string_view bytes);

struct BlobStoreOptions {
  // Folder for backends that hold files; made when absent.
  std::string directory;
  // Largest blob. Default 2 GiB.
  int64_t max_blob_bytes = int64_t{2} << 30;
  // Broken-off uploads older than this are removed. Default a day.
  absl::Duration keep_partial = absl::Hours(24);
  // An upload that has brought nothing for this long may be taken over, and
  // counts as broken off. Default 10 s.
  absl::Duration upload_idle = absl::Seconds(10);
  // Most uploads that have not become blobs, and their bytes: the oldest
  // broken-off ones make room, then new ones are refused. Default 256 and
  // 8 GiB.
  int max_partials = 256;
  int64_t max_partial_bytes = int64_t{8} << 30;
  // Must outlive the store.
  const Clock* clock = &Clock::Real();
};

// Opens the store `where` names: a kind (`file`, `memory`) or a URL whose
// scheme is one (`s3://...`). INVALID_ARGUMENT lists the kinds.
absl::StatusOr<std::unique_ptr<BlobStore>> OpenBlobStore(
    absl::string_view where, const BlobStoreOptions& options);

}  // namespace phosphene
