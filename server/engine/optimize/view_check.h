#pragma once

#include "phosphene/v1/job.pb.h"
#include "server/engine/onnx/program/network.h"
#include "server/rules/verdict.h"

namespace phosphene {

// That the transforms fit the canvas of every octave, and that what they leave
// has the channels and a size that the network takes for the layers that the
// objectives read. A size that the rules of a layer (NetworkInfo::SizesOf)
// leave out is tried before it is refused: what runs is not. `spec` as
// CompleteSpec makes it; `network` may be null.
void CheckView(const v1::JobSpec& spec, const NetworkInfo* network,
               Verdict& verdict);

}  // namespace phosphene
