#pragma once

#include <cstdint>

#include "server/meshes/mesh.h"

namespace phosphene {

struct Unwrapped {
  // The mesh given, positions and triangles in their order, with new UVs
  // within 0..1 and a note that tells of them. Its materials are kept, but
  // their pictures fit the old UVs: see BakeBaseColor.
  Mesh mesh;
  int64_t charts = 0;
  double gutter = 0;   // texels between two charts
  double covered = 0;  // share of the atlas that charts cover, by their area
  double scale = 0;    // texels for a unit of the mesh's coordinates
};

// Makes UVs for an atlas of `atlas_size` texels a side: charts (charts.h) are
// projected along their mean normal, turned into small boxes and packed into a
// square with gutters of 4 texels, all at one scale. Triangles that hit a texel
// of another (in an atlas of 2048 a side where it is larger) get charts of
// their own, so none is in two triangles, unless a surface's noise is so much
// finer than a texel that four rounds of that leave some. Charts smaller than
// texels lie apart. Every triangle has area; one of less than a texel, alone in
// its chart, is drawn larger than its scale. Holes, loose parts, crowded edges
// and single triangles work.
// Deterministic, linear in triangles up to sorting.
// REQUIRES: triangles with area, atlas_size in 16..16384.
Unwrapped Unwrap(const Mesh& mesh, int atlas_size);

}  // namespace phosphene
