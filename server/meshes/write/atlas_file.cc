// The texture as PNG or JPEG, by one number.
#include "server/meshes/write/atlas_file.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/encode.h"

namespace phosphene {

absl::StatusOr<AtlasFile> EncodeAtlas(const Image8& atlas, int quality) {
  if (quality < 0 || quality > 100) {
    return absl::InvalidArgumentError(absl::StrCat(
        "quality: ", quality, "; 1..100 for JPEG or 0 for PNG is allowed"));
  }
  AtlasFile file;
  if (quality == 0) {
    ASSIGN_OR_RETURN(file.bytes, EncodePng(atlas));
    file.mime = "image/png";
  } else {
    JpegOptions options;
    options.quality = quality;
    ASSIGN_OR_RETURN(file.bytes, EncodeJpeg(atlas, options));
    file.mime = "image/jpeg";
  }
  return file;
}

}  // namespace phosphene
