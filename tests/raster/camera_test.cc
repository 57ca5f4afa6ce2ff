// Cameras that look at the origin.

#include "server/engine/raster/camera.h"

#include <gtest/gtest.h>

#include <cmath>

namespace phosphene {
namespace {

// Row `i` of the rotation times a point less the eye.
double Axis(const Camera& camera, int i, const Vec3& p) {
  const float* row = camera.rotation + 3 * i;
  return row[0] * (p.x - camera.eye.x) + row[1] * (p.y - camera.eye.y) +
         row[2] * (p.z - camera.eye.z);
}

TEST(CameraTest, RotationsAreOrthonormalEverywhere) {
  for (double elevation : {-90.0, -89.0, -30.0, 0.0, 45.0, 88.0, 90.0}) {
    for (double azimuth = 0; azimuth < 360; azimuth += 37) {
      const Camera camera = CameraAt(azimuth, elevation, 12, 10);
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 3; ++j) {
          double dot = 0;
          for (int k = 0; k < 3; ++k)
            dot += camera.rotation[3 * i + k] * camera.rotation[3 * j + k];
          EXPECT_NEAR(dot, i == j ? 1 : 0, 1e-6) << azimuth << " " << elevation;
        }
      }
    }
  }
}

TEST(CameraTest, TheOriginIsStraightAhead) {
  for (double elevation : {-90.0, -20.0, 60.0, 90.0}) {
    const Camera camera = CameraAt(100, elevation, 7, 10);
    EXPECT_NEAR(Axis(camera, 0, {}), 0, 1e-5);
    EXPECT_NEAR(Axis(camera, 1, {}), 0, 1e-5);
    EXPECT_NEAR(Axis(camera, 2, {}), -7, 1e-5);
  }
}

TEST(CameraTest, AzimuthAndElevationAreWhatTheManualSays) {
  const Camera front = CameraAt(0, 0, 5, 10);
  EXPECT_NEAR(front.eye.z, 5, 1e-5);
  EXPECT_GT(Axis(front, 0, {1, 0, 0}), 0);  // +x is to the right
  EXPECT_GT(Axis(front, 1, {0, 1, 0}), 0);  // +y is up
  EXPECT_NEAR(CameraAt(90, 0, 5, 10).eye.x, 5, 1e-5);
  EXPECT_NEAR(CameraAt(0, 90, 5, 10).eye.y, 5, 1e-5);
}

TEST(CameraTest, AtTheLeastDistanceTheUnitSphereTouchesTheBorder) {
  EXPECT_NEAR(LeastDistance(10), 11.47, 0.005);
  const double d = LeastDistance(40);
  // The tangent to the sphere makes half the field of view with the axis.
  EXPECT_NEAR(std::asin(1 / d) * 180 / M_PI, 20, 1e-9);
}

}  // namespace
}  // namespace phosphene
