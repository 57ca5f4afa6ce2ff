#pragma once

#include <cstdint>
#include <vector>

#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/params/surface.h"
#include "server/engine/raster/camera.h"

namespace phosphene {

// Vertical field of view in degrees, default applied.
double FieldOfView(const v1::TextureParameterization::Camera& spec);

// The cameras of a step: view v is a pure function of seed, step and v. They
// look at the origin from directions uniform over the sphere, or over the part
// of it between the elevations stated, and distances uniform between the two.
std::vector<Camera> DrawCameras(const v1::TextureParameterization::Camera& spec,
                                uint64_t seed, int64_t step, int64_t views);

// From `view`, so far that a mesh of radius 1 just fits a picture of this
// shape, with a margin of 2 %.
Camera FittingCamera(const ViewAngles& view, double field_of_view,
                     int64_t height, int64_t width);

}  // namespace phosphene
