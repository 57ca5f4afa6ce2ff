#pragma once

#include "client/view/pixels.h"

namespace phosphene::client {

// The middle of a picture, enlarged to the picture's size by `factor` >= 1
// (cubic interpolation, Catmull-Rom: repeated zooms stay sharp).
Pixels ZoomIn(const Pixels& pixels, double factor);

}  // namespace phosphene::client
