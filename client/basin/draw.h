#pragma once

#include <vector>

#include "client/basin/basin.h"
#include "client/view/pixels.h"

namespace phosphene::client {

// Maps of the plane side by side, each `size` pixels square and a white gap
// between: a point has the colour of the minimum it leads to (aligned ones
// orange and teal, others greys), the minima themselves are dots where they
// lie within the range.
Pixels DrawBasins(const std::vector<BasinOptions>& maps, int size);

}  // namespace phosphene::client
