// Puts a mesh into the unit sphere.
#include "server/meshes/normalize.h"

#include <algorithm>

#include "server/meshes/vector_math.h"

namespace phosphene {

UnitSphere FitUnitSphere(const Mesh& mesh) {
  Point3 low(mesh.positions[0]), high = low;
  for (const Vec3& p : mesh.positions) {
    low = {std::min<double>(low.x, p.x), std::min<double>(low.y, p.y),
           std::min<double>(low.z, p.z)};
    high = {std::max<double>(high.x, p.x), std::max<double>(high.y, p.y),
            std::max<double>(high.z, p.z)};
  }
  const Point3 centre = (low + high) * .5;
  double farthest = 0;
  for (const Vec3& p : mesh.positions)
    farthest = std::max(farthest, Length(Point3(p) - centre));
  return {{centre.x, centre.y, centre.z}, farthest > 0 ? 1 / farthest : 1};
}

std::vector<Vec3> ToUnitSphere(const Mesh& mesh, const UnitSphere& sphere) {
  const Point3 centre(sphere.centre[0], sphere.centre[1], sphere.centre[2]);
  std::vector<Vec3> placed;
  placed.reserve(mesh.positions.size());
  for (const Vec3& position : mesh.positions) {
    const Point3 p = (Point3(position) - centre) * sphere.scale;
    placed.push_back({static_cast<float>(p.x), static_cast<float>(p.y),
                      static_cast<float>(p.z)});
  }
  return placed;
}

}  // namespace phosphene
