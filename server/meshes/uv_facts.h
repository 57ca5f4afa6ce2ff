#pragma once

#include <cstdint>
#include <string>

#include "server/meshes/mesh.h"

namespace phosphene {

// What a mesh's UVs are like. Shares are 0..1.
struct UvFacts {
  double charted = 0;  // share of the atlas' texels that some triangle covers
  // Share of the charted texels that two or more triangles cover: what is
  // painted there shows in several places of the surface.
  double overlap = 0;
  double flipped = 0;    // share of triangles whose UVs run clockwise
  double collapsed = 0;  // share of triangles whose UVs have no area
  bool outside = false;  // some UV is not in 0..1, so it wraps
};

// Counts how many triangles cover each texel of an atlas of `size` (1..4096) a
// side, UVs wrapped. Time is bounded by 2^28 texels; UVs that span more are
// taken to cover everything twice. Of a mesh without UVs all is 0.
UvFacts FindUvFacts(const Mesh& mesh, int size = 512);

// A sentence for notes when over 1 % overlap, else "".
std::string UvNote(const UvFacts& facts);

}  // namespace phosphene
