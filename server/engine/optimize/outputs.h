#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/engine.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// The rules of each output, that names differ, that rows and sizes fit the
// canvas; UNIMPLEMENTED names an arm not built in. Field paths begin with
// "spec.outputs".
absl::Status CheckOutputs(const v1::JobSpec& spec);

// The files of spec.outputs (one PNG when empty), from the parameters as they
// are. `checkpoint` is the serialized state, for a CheckpointOutput.
// INVALID_ARGUMENT: a size its format cannot hold. Pictures so large that they
// are made in parts take long: CANCELLED when `stop` comes between two parts.
absl::StatusOr<std::vector<RunArtifact>> MakeOutputs(
    const v1::JobSpec& spec, Param& param, const std::string& checkpoint,
    const std::stop_token& stop);

// The canvas, at most `max_size` on its longest side, rows in a near-square
// grid.
Image8 MakeFrame(const v1::JobSpec& spec, Param& param);

}  // namespace phosphene
