#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "client/view/pixels.h"

namespace phosphene::client {

// How alike frames are that should keep their landmarks.
struct FrameAlignment {
  // Mean over neighbours of mean |a - b|, values 0..1.
  double adjacent = 0;
  // The same of the first and the last frame.
  double ends = 0;
};

// The `count` frames of a sheet without gaps, line by line. INVALID_ARGUMENT:
// the sheet is no whole number of frames.
absl::StatusOr<std::vector<Pixels>> FramesOf(const Pixels& sheet, int count,
                                             int columns);

// Of frames in lines of `columns`: neighbours are those along lines and, where
// there are several, along columns. At least 2 frames of one size.
FrameAlignment AlignmentOf(const std::vector<Pixels>& frames, int columns);

}  // namespace phosphene::client
