#include "server/meshes/normalize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "server/meshes/vector_math.h"

namespace phosphene {
namespace {

TEST(Normalize, TheFarthestPointIsAtDistanceOneWhereverTheMeshStands) {
  for (const double offset : {0.0, -3.0, 1e6}) {
    for (const double size : {1e-6, 1.0, 1e6}) {
      if (offset == 1e6 && size < 1) continue;  // below a float's steps
      std::mt19937 random(3);
      std::uniform_real_distribution<double> at(-size, size);
      Mesh mesh;
      for (int i = 0; i < 100; ++i) {
        mesh.positions.push_back({static_cast<float>(offset + at(random)),
                                  static_cast<float>(at(random)),
                                  static_cast<float>(at(random) * .1)});
      }
      const auto placed = ToUnitSphere(mesh, FitUnitSphere(mesh));
      ASSERT_EQ(placed.size(), mesh.positions.size());
      double farthest = 0, low = 9, high = -9;
      for (const Vec3& p : placed) {
        farthest = std::max(farthest, Length(Point3(p)));
        low = std::min<double>(low, p.x);
        high = std::max<double>(high, p.x);
      }
      EXPECT_NEAR(farthest, 1, 1e-6) << offset << " " << size;
      EXPECT_NEAR(low, -high, 1e-6) << offset << " " << size;
    }
  }
}

TEST(Normalize, APointStaysOne) {
  Mesh mesh;
  mesh.positions = {{5, 5, 5}};
  EXPECT_EQ(ToUnitSphere(mesh, FitUnitSphere(mesh))[0].x, 0);
}

}  // namespace
}  // namespace phosphene
