#pragma once

#include "phosphene/v1/job.pb.h"
#include "server/base/faults.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene {

// Whether an objective of the job reads a layer of the network, so that tiles
// would spare memory.
bool ReadsNetwork(const v1::JobSpec& spec);

// Adds what stands against a job's view going through the network in tiles:
// objectives that do not sum up, layers that see the whole picture at once (the
// node is named), objects in space. Layers that do not exist are told
// elsewhere. `network` may be null: then objectives alone are asked. Pure.
void CheckTiles(const v1::JobSpec& spec, const NetworkInfo* network,
                Faults& faults);

}  // namespace phosphene
