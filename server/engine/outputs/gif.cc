// The rows as frames of a GIF; of an object in space a whole turn.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"
#include "server/imaging/encode.h"

namespace phosphene {
namespace {

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  const v1::GifOutput& arm = output.gif();
  ASSIGN_OR_RETURN(const std::vector<Image8> frames,
                   RenderFrames(source, output, arm.turn_frames()));
  GifOptions options;
  if (arm.frames_per_second() > 0)
    options.frames_per_second = arm.frames_per_second();
  options.ping_pong = arm.ping_pong();
  options.comment = CommentOf(source.spec);
  ASSIGN_OR_RETURN(std::string bytes, EncodeGif(frames, options));
  return OneFile(name, "image/gif", std::move(bytes), frames[0].width,
                 frames[0].height);
}

}  // namespace

const OutputKind& GifOutputKind() {
  static const OutputKind kind = {
      .arm = "gif", .default_name = "animation.gif", .make = Make};
  return kind;
}

}  // namespace phosphene
