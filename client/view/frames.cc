// Frames of a sheet, and how well neighbours are aligned.

#include "client/view/frames.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace phosphene::client {
namespace {

double Difference(const Pixels& a, const Pixels& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    sum += std::abs(int{a.pixels[i]} - int{b.pixels[i]});
  return sum / (255 * static_cast<double>(a.pixels.size()));
}

}  // namespace

absl::StatusOr<std::vector<Pixels>> FramesOf(const Pixels& sheet, int count,
                                             int columns) {
  if (count < 1 || columns < 1 || columns > count)
    return absl::InvalidArgumentError("a sheet needs frames in columns");
  const int lines = (count + columns - 1) / columns;
  if (sheet.width % columns != 0 || sheet.height % lines != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("a sheet of ", sheet.width, " x ", sheet.height,
                     " does not hold ", lines, " lines of ", columns));
  }
  const int width = sheet.width / columns, height = sheet.height / lines;
  std::vector<Pixels> frames;
  for (int i = 0; i < count; ++i) {
    Pixels frame = Pixels::Make(width, height, sheet.channels);
    for (int y = 0; y < height; ++y) {
      std::copy_n(sheet.At(i % columns * width, i / columns * height + y),
                  static_cast<size_t>(width) * sheet.channels, frame.At(0, y));
    }
    frames.push_back(std::move(frame));
  }
  return frames;
}

FrameAlignment AlignmentOf(const std::vector<Pixels>& frames, int columns) {
  FrameAlignment out;
  double pairs = 0;
  const int count = static_cast<int>(frames.size());
  for (int i = 0; i < count; ++i) {
    const auto add = [&](int other) {
      out.adjacent += Difference(frames[static_cast<size_t>(i)],
                                 frames[static_cast<size_t>(other)]);
      ++pairs;
    };
    if ((i + 1) % columns != 0 && i + 1 < count) add(i + 1);
    if (i + columns < count) add(i + columns);
  }
  out.adjacent /= std::max(pairs, 1.0);
  out.ends = Difference(frames.front(), frames.back());
  return out;
}

}  // namespace phosphene::client
