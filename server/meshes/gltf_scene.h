#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/meshes/gltf_file.h"
#include "server/meshes/vector_math.h"

namespace phosphene {

// An affine map of the file's space: the upper three rows of a matrix.
struct GltfTransform {
  std::array<double, 12> rows = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};

  Point3 Apply(const Point3& p) const;
  GltfTransform After(const GltfTransform& first) const;  // this of first
  bool Mirrors() const;  // turns a surface inside out
};

// A mesh where it stands. One that is instanced comes several times.
struct GltfInstance {
  int64_t mesh = 0;
  GltfTransform transform;
};

// The meshes of the scene: of `scene`, else of the first, else of all nodes
// that are no child, and all meshes as they are when there are no nodes. Nodes
// have to be trees, so none is come to twice, which also bounds the time. A
// mesh with a skin stands as it was modelled, as if its node moved nothing,
// which a note tells. INVALID_ARGUMENT names the node.
absl::StatusOr<std::vector<GltfInstance>> GltfInstances(
    const Json& root, std::vector<std::string>* notes);

}  // namespace phosphene
