// How large a preset's canvas will be.

#include "client/presets/canvas_size.h"

namespace phosphene::client {

Size CanvasSize(const SpecOptions& common, int side) {
  const absl::StatusOr<Size> size = ParseSize(common.size);
  return size.ok() ? *size : Size{side, side};
}

}  // namespace phosphene::client
