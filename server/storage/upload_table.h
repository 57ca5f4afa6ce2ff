#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// Which uploads have not finished: who writes which, and which broken-off ones
// have to go. Bookkeeping alone, shared by the backends, which keep the bytes.
//
// A writer holds a lease on its blob. It may be taken over once it has brought
// nothing for BlobStoreOptions::upload_idle, unless it is in the middle of a
// write; it then learns so by its next call. Broken-off uploads, which nobody
// has written to for that long or whose writer is gone, stay for keep_partial,
// and the oldest of them only as long as all fit into max_partials and
// max_partial_bytes.
//
// Thread-compatible: used under its store's lock.
class UploadTable {
 public:
  using Lease = int64_t;

  explicit UploadTable(const BlobStoreOptions& options) : options_(options) {}

  // Tells of what an earlier process left behind.
  void Found(absl::string_view name, int64_t bytes, absl::Time touched);

  // A lease for a writer, who is from now on in the middle of a write, until
  // Wrote. ABORTED: another writer is active. RESOURCE_EXHAUSTED: the uploads
  // that are being written fill the bounds already.
  absl::StatusOr<Lease> Begin(absl::string_view name);
  // Starts a write of the holder's, of `bytes` more. ABORTED: taken over.
  // RESOURCE_EXHAUSTED as Begin, and the lease is over.
  absl::Status BeginWrite(absl::string_view name, Lease lease, int64_t bytes);
  // Ends it; `bytes` are there now.
  void Wrote(absl::string_view name, Lease lease, int64_t bytes);
  // The writer is gone; what has arrived stays, if anything has.
  void Release(absl::string_view name, Lease lease);
  // The upload finished or failed, and its bytes are gone. False when it is
  // another's by now: then they are not.
  bool End(absl::string_view name, Lease lease);

  // Takes those that have to go off the table; the caller removes their bytes.
  std::vector<std::string> TakeExpired();

 private:
  struct Upload {
    int64_t bytes = 0;
    absl::Time touched;    // what its file says
    absl::Duration heard;  // by the steady clock, of its writer
    Lease lease = 0;       // 0: nobody's
    bool writing = false;
  };
  using Uploads = std::map<std::string, Upload, std::less<>>;

  bool IsBrokenOff(const Upload& upload) const;
  void Touch(Upload& upload);
  Upload* Held(absl::string_view name, Lease lease);
  // RESOURCE_EXHAUSTED: `uploads` more with `bytes` do not fit beside those
  // that are being written.
  absl::Status CheckRoom(int uploads, int64_t bytes) const;

  const BlobStoreOptions options_;
  Uploads uploads_;
  Lease last_lease_ = 0;
};

}  // namespace phosphene
