// The canvas of a job that starts from a photo takes its shape.

#include "client/commands/canvas.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "client/view/image_size.h"

namespace phosphene::client {

absl::Status SizeOfPhoto(absl::string_view flag, const std::string& photo,
                         int longest, std::string* size) {
  if (!size->empty() || photo.empty() || absl::StartsWith(photo, "blobs/"))
    return absl::OkStatus();
  const absl::StatusOr<Size> own = ImageFileSize(photo);
  if (!own.ok()) return FlagError(flag, own.status().message());
  const double scale = std::min(
      1.0, static_cast<double>(longest) / std::max(own->width, own->height));
  const auto scaled = [scale](int side) {
    return std::max(1, static_cast<int>(std::lround(side * scale)));
  };
  *size = absl::StrCat(scaled(own->width), "x", scaled(own->height));
  return absl::OkStatus();
}

}  // namespace phosphene::client
