// From cameras and meshes to what the loops take.

#include "server/engine/raster/raster_view.h"

#include <cmath>

namespace phosphene {

RasterView ViewOf(const Camera& camera, int64_t height, int64_t width) {
  RasterView view;
  const float eye[3] = {camera.eye.x, camera.eye.y, camera.eye.z};
  for (int i = 0; i < 3; ++i) {
    view.eye[i] = eye[i];
    for (int j = 0; j < 3; ++j)
      view.rotation[i][j] = camera.rotation[3 * i + j];
  }
  view.half_width = static_cast<double>(width) / 2;
  view.half_height = static_cast<double>(height) / 2;
  const double focal = 1 / std::tan(camera.field_of_view / 2 * M_PI / 180);
  const double aspect =
      camera.aspect > 0 ? camera.aspect : view.half_width / view.half_height;
  view.x_scale = focal / aspect * view.half_width;
  view.y_scale = focal * view.half_height;
  view.near = camera.near;
  view.height = static_cast<int32_t>(height);
  view.width = static_cast<int32_t>(width);
  return view;
}

RasterGeometry GeometryOf(const RasterMesh& mesh) {
  static_assert(sizeof(Vec3) == 3 * sizeof(float));
  static_assert(sizeof(Vec2) == 2 * sizeof(float));
  static_assert(sizeof(RasterMesh::Triangle) == 6 * sizeof(int32_t));
  RasterGeometry out;
  out.positions = &mesh.positions[0].x;
  out.uvs = &mesh.uvs[0].x;
  out.triangles = &mesh.triangles[0].position[0];
  out.normals = &mesh.normals[0].x;
  out.triangle_count = static_cast<int32_t>(mesh.triangles.size());
  out.position_count = static_cast<int32_t>(mesh.positions.size());
  return out;
}

}  // namespace phosphene
