#pragma once

#include "server/meshes/mesh.h"

namespace phosphene {

// A pinhole camera. `rotation` has rows side, up and back: a point p is at
// rotation (p - eye) for the camera, which looks along -z, x to the right and
// y up.
struct Camera {
  Vec3 eye;
  float rotation[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  double field_of_view = 10;  // vertical, degrees, above 0 and below 180
  // Width over height of what is seen; 0: of the picture, so that pixels are
  // square.
  double aspect = 0;
  // Nearer than this along the line of sight nothing is drawn, in the mesh's
  // units (its radius is 1).
  double near = 0.01;
};

// At `eye`, other than the origin, looking at the origin with (0,1,0) up.
// Where the line of sight is within 2.6 degrees of that (cosine above .999),
// (0,0,1) is up. Source: lucid's camera, whose matrix is degenerate there.
Camera LookAt(const Vec3& eye, double field_of_view);

// At distance (cos e sin a, sin e, cos e cos a), looking at the origin: azimuth
// 0 sees the mesh from +z, 90 from +x, elevation 90 from above. Degrees.
Camera CameraAt(double azimuth, double elevation, double distance,
                double field_of_view);

// From this distance on a mesh of radius 1 is never cut off by the picture's
// upper or lower border: 1 / sin(field_of_view / 2), 11.47 at 10 degrees.
double LeastDistance(double field_of_view);

}  // namespace phosphene
