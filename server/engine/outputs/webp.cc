// A picture as WebP.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const Image8 image, RenderOne(source, output));
  WebpOptions options;
  if (output.webp().quality() > 0) options.quality = output.webp().quality();
  options.lossless = output.webp().lossless();
  ASSIGN_OR_RETURN(std::string bytes, EncodeWebp(image, options));
  return OneFile(name, "image/webp", std::move(bytes), image.width,
                 image.height);
}

}  // namespace

const OutputKind& WebpOutputKind() {
  static const OutputKind kind = {
      .arm = "webp", .default_name = "image.webp", .make = Make};
  return kind;
}

}  // namespace phosphene
