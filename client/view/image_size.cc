// The size of a photo, from its header.

#include "client/view/image_size.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/mapped_file.h"
#include "server/base/status_macros.h"
#include "server/imaging/format.h"

namespace phosphene::client {

absl::StatusOr<Size> ImageSize(absl::string_view bytes) {
  ASSIGN_OR_RETURN(const ImageInfo info, ReadImageInfo(bytes));
  // Orientations 5..8 of EXIF lie on their side.
  if (info.orientation >= 5) return Size{info.height, info.width};
  return Size{info.width, info.height};
}

absl::StatusOr<Size> ImageFileSize(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return absl::NotFoundError(absl::StrCat("cannot open \"", path, "\""));
  constexpr std::streamsize kHead = 1 << 20;
  std::string head(kHead, '\0');
  file.read(head.data(), kHead);
  head.resize(static_cast<size_t>(file.gcount()));
  absl::StatusOr<Size> size = ImageSize(head);
  // A TIFF may say its size anywhere, often at its end; others behind a large
  // profile or preview.
  const bool more = static_cast<std::streamsize>(head.size()) == kHead;
  if (SniffFormat(head) == ImageFormat::kTiff || (!size.ok() && more)) {
    ASSIGN_OR_RETURN(const auto whole, MappedFile::Open(path));
    size = ImageSize(whole->data());
  }
  if (size.ok()) return size;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path, "\": ", size.status().message()));
}

}  // namespace phosphene::client
