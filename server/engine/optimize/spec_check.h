#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// The size of octave 0..count-1: canvas / scale^(count-1-octave), at least 1;
// the last is the canvas itself.
Canvas OctaveCanvas(const v1::JobSpec& spec, int64_t octave);
int64_t OctaveCount(const v1::JobSpec& spec);

// Names of the layers the objective and those below it read, as the spec has
// them; "" for the network's logits. "input" and "image" are left out.
std::vector<std::string> LayersOf(const v1::Objective& objective);
// Whether one reads the alpha channel after the transforms.
bool ReadsTransformedAlpha(const v1::Objective& objective);

// Everything wrong with a spec, each fault once: rules of its fields, what they
// have to do with each other, and what takes a look at kinds and network. The
// network is null when the job names none, or when it could not be opened; then
// `model_error` says why. INVALID_ARGUMENT lists all faults; NOT_FOUND when the
// model is not there, UNIMPLEMENTED when arms are not built in, and nothing
// else is wrong. Field paths begin with "spec".
absl::Status CheckSpec(const v1::JobSpec& spec, const NetworkInfo* network,
                       const absl::Status& model_error);

}  // namespace phosphene
