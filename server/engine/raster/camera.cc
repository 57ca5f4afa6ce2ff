// Cameras that look at the origin.

#include "server/engine/raster/camera.h"

#include <array>
#include <cmath>

namespace phosphene {
namespace {

constexpr double kRadians = M_PI / 180;
constexpr double kAlongUp = 0.999;

using Direction = std::array<double, 3>;

Direction Cross(const Direction& a, const Direction& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
          a[0] * b[1] - a[1] * b[0]};
}

Direction Unit(const Direction& a) {
  const double length = std::sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
  return {a[0] / length, a[1] / length, a[2] / length};
}

}  // namespace

Camera LookAt(const Vec3& eye, double field_of_view) {
  const Direction back = Unit({eye.x, eye.y, eye.z});
  const Direction forward = {-back[0], -back[1], -back[2]};
  Direction up = {0, 1, 0};
  if (std::abs(forward[1]) > kAlongUp) up = {0, 0, 1};
  const Direction side = Unit(Cross(forward, up));
  const Direction above = Cross(side, forward);
  Camera camera;
  camera.eye = eye;
  camera.field_of_view = field_of_view;
  for (int i = 0; i < 3; ++i) {
    camera.rotation[i] = static_cast<float>(side[i]);
    camera.rotation[3 + i] = static_cast<float>(above[i]);
    camera.rotation[6 + i] = static_cast<float>(back[i]);
  }
  return camera;
}

Camera CameraAt(double azimuth, double elevation, double distance,
                double field_of_view) {
  const double a = azimuth * kRadians, e = elevation * kRadians;
  return LookAt({static_cast<float>(distance * std::cos(e) * std::sin(a)),
                 static_cast<float>(distance * std::sin(e)),
                 static_cast<float>(distance * std::cos(e) * std::cos(a))},
                field_of_view);
}

double LeastDistance(double field_of_view) {
  return 1 / std::sin(field_of_view / 2 * kRadians);
}

}  // namespace phosphene
