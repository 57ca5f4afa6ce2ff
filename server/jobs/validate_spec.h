#pragma once

#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/system_service.pb.h"
#include "server/base/faults.h"

namespace phosphene {

// Adds what is wrong with a spec that takes no look at a network or at the
// settings of a kind (those are Engine::Check's): sizes, counts, steps, frames,
// outputs, and spec_walk.h's. Paths begin with "spec".
void AddSpecFaults(const v1::JobSpec& spec, const v1::Limits& limits,
                   Faults& faults);

}  // namespace phosphene
