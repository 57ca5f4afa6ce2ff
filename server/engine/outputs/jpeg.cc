// A picture as JPEG.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const Image8 image, RenderOne(source, output));
  JpegOptions options;
  if (output.jpeg().quality() > 0) options.quality = output.jpeg().quality();
  ASSIGN_OR_RETURN(std::string bytes, EncodeJpeg(image, options));
  return OneFile(name, "image/jpeg", std::move(bytes), image.width,
                 image.height);
}

}  // namespace

const OutputKind& JpegOutputKind() {
  static const OutputKind kind = {
      .arm = "jpeg", .default_name = "image.jpg", .make = Make};
  return kind;
}

}  // namespace phosphene
