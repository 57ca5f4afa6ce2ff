// A lossless picture that tells how it was made.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const Image8 image, RenderOne(source, output));
  const bool metadata = !output.png().has_metadata() || output.png().metadata();
  ASSIGN_OR_RETURN(std::string bytes,
                   EncodePngOf(source.spec, metadata, image));
  return OneFile(name, "image/png", std::move(bytes), image.width,
                 image.height);
}

}  // namespace

const OutputKind& PngOutputKind() {
  static const OutputKind kind = {
      .arm = "png", .default_name = "image.png", .make = Make};
  return kind;
}

}  // namespace phosphene
