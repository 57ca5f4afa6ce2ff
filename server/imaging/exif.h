#pragma once

#include "absl/strings/string_view.h"
#include "server/imaging/image.h"

namespace phosphene {

// The orientation (1..8) in the first directory of EXIF data, a TIFF block
// with or without the "Exif\0\0" before it; 1 when absent or malformed. Reads
// only inside `exif`.
int ExifOrientation(absl::string_view exif);

// Turns and mirrors a stored image so that it stands upright. EXIF 2.32, tag
// 0x0112: 2 mirrored, 3 turned by 180 degrees, 6 by 90 clockwise to show, ...
// An orientation outside 2..8 returns the image as it is.
Image8 ApplyOrientation(Image8 image, int orientation);

}  // namespace phosphene
