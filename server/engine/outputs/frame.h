#pragma once

#include "phosphene/v1/job.pb.h"
#include "server/engine/params/interface.h"
#include "server/imaging/image.h"

namespace phosphene {

// An intermediate picture: the canvas, at most `max_size` on its longest side,
// rows in a near-square grid.
Image8 MakeFrame(const v1::JobSpec& spec, Param& param);

}  // namespace phosphene
