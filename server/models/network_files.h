#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/base/mapped_file.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// How a file looked: inode, size and times.
struct FileLook {
  std::string text;
  absl::Time changed;  // by the kernel's clock; nobody can set it
  bool operator==(const FileLook& other) const { return text == other.text; }
};

// NOT_FOUND when there is no such file.
absl::StatusOr<FileLook> LookAt(const std::string& path);

// Networks as bytes that cannot change while they are read.
//
// A network is read for as long as a job runs on it, from where it lies: its
// weights are mapped, so that 1.5 GB of them are pages the kernel may drop and
// read again, not memory beside the copy the engine lays out. But whoever
// shortens a mapped file ends the process (SIGBUS), and people do edit models/
// by hand. So a file of that folder is never mapped. Its content is stored as a
// blob, once for each content, and the blob's file is mapped: nobody writes to
// that one, and its bytes are checked against its name. A network that came by
// upload is a blob already and costs no further copy.
// (docs/adr/0014-networks-are-mapped-from-blobs.md)
//
// Thread-safe.
class NetworkFiles {
 public:
  // `blobs` must outlive this. `folder` is for copies of blobs that a store
  // without local files holds.
  NetworkFiles(BlobStore& blobs, std::string folder)
      : blobs_(blobs), folder_(std::move(folder)) {}

  // Files in `folder` that begin so are ours and may be removed at the start.
  static constexpr absl::string_view kCopyPrefix = ".mapped-";

  // The content of a blob. It stays readable when the blob is deleted.
  // NOT_FOUND; DATA_LOSS: damaged.
  absl::StatusOr<std::shared_ptr<const MappedFile>> Map(
      absl::string_view blob) const;

  struct Imported {
    std::string blob;
    FileLook look;  // of the file whose content it is
  };
  // Stores the content of a file that somebody may be editing. UNAVAILABLE: it
  // changed meanwhile, or its content is being stored by somebody else.
  absl::StatusOr<Imported> Import(const std::string& path) const;

  // Writes a blob's content to a new file, and syncs it. After an error the
  // file may be there.
  absl::Status Copy(absl::string_view blob, const std::string& path) const;

 private:
  BlobStore& blobs_;
  const std::string folder_;
};

}  // namespace phosphene
