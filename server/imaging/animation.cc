// Frames of an animation: checked, and in order.

#include "server/imaging/animation.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/imaging/codecs.h"

namespace phosphene {

absl::Status CheckFrames(const std::vector<Image8>& frames,
                         int frames_per_second, int most) {
  if (frames.empty())
    return absl::InvalidArgumentError("an animation needs a frame");
  if (frames_per_second < 1 || frames_per_second > most) {
    return absl::InvalidArgumentError(absl::StrCat(
        "frames per second ", frames_per_second, " is out of range 1..", most));
  }
  for (const Image8& frame : frames) {
    RETURN_IF_ERROR(CheckImage(frame));
    if (frame.width != frames[0].width || frame.height != frames[0].height ||
        frame.channels != frames[0].channels) {
      return absl::InvalidArgumentError(
          "frames of an animation must have one size and the same channels");
    }
  }
  return absl::OkStatus();
}

std::vector<size_t> ShownOrder(size_t count, bool ping_pong) {
  std::vector<size_t> order;
  for (size_t i = 0; i < count; ++i) order.push_back(i);
  if (ping_pong && count > 2) {
    for (size_t i = count - 2; i >= 1; --i) order.push_back(i);
  }
  return order;
}

}  // namespace phosphene
