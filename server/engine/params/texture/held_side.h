#pragma once

#include <cstdint>

#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/params/texture/scene.h"

namespace phosphene {

// How finely a large atlas has to be held. A pixel of a view that covers many
// texels moves them all alike, so texels that no view can tell apart need one
// value for all: the side that is held is `side` / 2^k, where k is the largest
// for which at most kMagnified of the pixels of views show less than one held
// texel across. Views are of height x width samples, from the nearest distance
// of the camera, all around between its elevations: a
// pure function of its arguments, so that a job resumes as it began. Halves end
// where the side is no multiple of kTileSide.
inline constexpr double kMagnified = .05;

int64_t HeldSide(const Scene& scene,
                 const v1::TextureParameterization::Camera& camera,
                 int64_t height, int64_t width, int64_t side);

}  // namespace phosphene
