#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// What bytes are that hold no image this program reads: "it looks like HEIC, as
// phones store photos; convert it first: magick photo.heic photo.png", by their
// first 1,024 bytes alone. "" where nothing is known of them. Names HEIC, AVIF,
// JPEG XL, JPEG 2000, PSD, SVG, PDF, EXR, videos, raw photos and others, text,
// pages of the web and pointers of Git LFS. Thread-safe.
std::string LooksLike(absl::string_view bytes);

}  // namespace phosphene
