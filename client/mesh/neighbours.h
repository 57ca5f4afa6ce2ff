#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene::client {

struct PictureFile {
  std::string path;
  int64_t bytes = 0;
  std::string media_type;  // "image/png"
};

// Finds the files that a mesh names. Thread-compatible.
class Neighbours {
 public:
  // `notes` must outlive this.
  Neighbours(const std::string& mesh, std::vector<std::string>* notes);

  // The path of a file of that name beside the mesh, with "/" or "\" between
  // folders; of an absolute name the last part. Else why there is none.
  absl::StatusOr<std::string> Find(absl::string_view name) const;

  // The picture of that name, if it is there and of a format that the server
  // reads; else a note says what is left out and why. `use` is what it is for.
  std::optional<PictureFile> FindPicture(absl::string_view name,
                                         absl::string_view use) const;

  // A note that begins with the mesh's name.
  void Note(absl::string_view what) const;

  const std::string& folder() const { return folder_; }
  // "spot.obj".
  const std::string& mesh() const { return mesh_; }

 private:
  const std::string folder_;
  const std::string mesh_;
  std::vector<std::string>* const notes_;
};

}  // namespace phosphene::client
