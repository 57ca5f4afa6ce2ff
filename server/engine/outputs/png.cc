// A lossless picture that tells how it was made.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  const bool metadata = !output.png().has_metadata() || output.png().metadata();
  const auto file =
      [&](const auto& image) -> absl::StatusOr<std::vector<RunArtifact>> {
    ASSIGN_OR_RETURN(std::string bytes,
                     EncodePngOf(source.spec, metadata, image));
    return OneFile(name, "image/png", std::move(bytes), image.width,
                   image.height);
  };
  if (output.png().sixteen_bits()) {
    ASSIGN_OR_RETURN(const Image16 image, RenderOne16(source, output));
    return file(image);
  }
  ASSIGN_OR_RETURN(const Image8 image, RenderOne(source, output));
  return file(image);
}

}  // namespace

const OutputKind& PngOutputKind() {
  static const OutputKind kind = {
      .arm = "png", .default_name = "image.png", .make = Make};
  return kind;
}

}  // namespace phosphene
