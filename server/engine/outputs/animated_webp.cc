// The rows as frames of an animation; of an object in space a whole turn.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  const v1::AnimatedWebpOutput& arm = output.animated_webp();
  ASSIGN_OR_RETURN(const std::vector<Image8> frames,
                   RenderFrames(source, output, arm.turn_frames()));
  AnimatedWebpOptions options;
  if (arm.quality() > 0) options.quality = arm.quality();
  if (arm.frames_per_second() > 0)
    options.frames_per_second = arm.frames_per_second();
  options.ping_pong = arm.ping_pong();
  ASSIGN_OR_RETURN(std::string bytes, EncodeAnimatedWebp(frames, options));
  return OneFile(name, "image/webp", std::move(bytes), frames[0].width,
                 frames[0].height);
}

}  // namespace

const OutputKind& AnimatedWebpOutputKind() {
  static const OutputKind kind = {
      .arm = "animated_webp", .default_name = "animation.webp", .make = Make};
  return kind;
}

}  // namespace phosphene
