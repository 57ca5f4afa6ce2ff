#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "phosphene/v1/job.pb.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/optimize/plan.h"
#include "server/engine/step/tiled.h"

namespace phosphene {

// Side of the tiles that a job's view goes through the network in, in pixels; 0
// for the whole view. As JobSpec.tiling says; in its default mode only where
// the whole would not fit `context.memory`, and then the largest that does, as
// far as larger ones pay. An octave whose view is no larger than a tile runs
// whole. INVALID_ARGUMENT: it would have to be cut and cannot be; the message
// says why. RESOURCE_EXHAUSTED: not even small tiles fit.
absl::StatusOr<int64_t> ChooseTile(const PlanContext& context);

// Bytes that the network's activations and their gradients take for each pixel
// of a cut, in the network's precision. An estimate: what every value of the
// graph takes, and half of that again for gradients and work space.
double StepBytesPerPixel(const PlanContext& context,
                         const std::vector<std::string>& layers);

// What a job takes, before anything is measured.
JobMemory EstimateMemory(const PlanContext& context);

// The stepper of an octave that runs in tiles; null where it runs whole.
absl::StatusOr<std::unique_ptr<Stepper>> MakeTiledStepper(
    const PlanContext& context, Parts& parts, TileWatch watch);

}  // namespace phosphene
