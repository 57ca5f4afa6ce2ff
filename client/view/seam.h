#pragma once

#include "client/view/pixels.h"

namespace phosphene::client {

// How well a picture tiles: the mean difference of neighbours across its
// wrapped edges (last column to first, last row to first) over that of
// neighbours inside it. About 1 for a seamless tile, well above 1 for a photo;
// 1 for a picture of one colour. At least 2 pixels on a side.
double SeamRatio(const Pixels& pixels);

}  // namespace phosphene::client
