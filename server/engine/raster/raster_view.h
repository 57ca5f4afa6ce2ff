#pragma once

#include <cstdint>

#include "server/engine/cuda/raster_math.h"
#include "server/engine/raster/camera.h"
#include "server/engine/raster/raster_mesh.h"

namespace phosphene {

// Cameras and meshes as raster_math.h has them. Free of torch.

// A picture of a camera. REQUIRES: a field of view above 0 and below 180.
RasterView ViewOf(const Camera& camera, int64_t height, int64_t width);

// Pointers into the mesh, which must outlive them.
RasterGeometry GeometryOf(const RasterMesh& mesh);

}  // namespace phosphene
