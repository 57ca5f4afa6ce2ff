#pragma once

#include <algorithm>

#include "client/base/units.h"

namespace phosphene::client {

// The least size of a style against its own pixels at which it covers a canvas.
// REQUIRES: a style that is not empty.
inline double CoveringScale(Size style, Size canvas) {
  return std::max(static_cast<double>(canvas.width) / style.width,
                  static_cast<double>(canvas.height) / style.height);
}

}  // namespace phosphene::client
