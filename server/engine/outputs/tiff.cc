// A lossless picture of any size, in tiles.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const Image8 image, RenderOne(source, output));
  TiffOptions options;
  options.description = CommentOf(source.spec);
  ASSIGN_OR_RETURN(std::string bytes, EncodeTiff(image, options));
  return OneFile(name, "image/tiff", std::move(bytes), image.width,
                 image.height);
}

}  // namespace

const OutputKind& TiffOutputKind() {
  static const OutputKind kind = {
      .arm = "tiff", .default_name = "image.tif", .make = Make};
  return kind;
}

}  // namespace phosphene
