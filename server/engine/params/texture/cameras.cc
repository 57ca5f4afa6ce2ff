// Where the views of a step are taken from.
#include "server/engine/params/texture/cameras.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

using CameraSpec = v1::TextureParameterization::Camera;

// lucid's notebooks: features are seen from 11 to 13 at 10 degrees.
constexpr double kMinDistance = 11, kMaxDistance = 13, kFieldOfView = 10;
constexpr double kMargin = 1.02;
constexpr double kRadian = std::numbers::pi / 180;

double Or(double value, double otherwise) {
  return value == 0 ? otherwise : value;
}

}  // namespace

double FieldOfView(const CameraSpec& spec) {
  return Or(spec.field_of_view(), kFieldOfView);
}

std::vector<Camera> DrawCameras(const CameraSpec& spec, uint64_t seed,
                                int64_t step, int64_t views) {
  // On a sphere the height above the middle is uniform, whatever the part.
  const double low = std::sin(
      (spec.has_min_elevation() ? spec.min_elevation() : -90) * kRadian);
  const double high = std::sin(
      (spec.has_max_elevation() ? spec.max_elevation() : 90) * kRadian);
  const double near = Or(spec.min_distance(), kMinDistance);
  const double far = std::max(near, Or(spec.max_distance(), kMaxDistance));
  std::vector<Camera> cameras;
  for (int64_t view = 0; view < views; ++view) {
    Rng rng(seed, RngStream::kParam, step, static_cast<uint32_t>(view));
    const double elevation =
        std::asin(std::clamp(low + (high - low) * rng.Uniform(), -1., 1.));
    const double azimuth = 2 * std::numbers::pi * rng.Uniform();
    const double distance = near + (far - near) * rng.Uniform();
    cameras.push_back(CameraAt(azimuth / kRadian, elevation / kRadian, distance,
                               FieldOfView(spec)));
  }
  return cameras;
}

Camera FittingCamera(const ViewAngles& view, double field_of_view,
                     int64_t height, int64_t width) {
  const double half = std::tan(field_of_view / 2 * kRadian);
  const double aspect =
      static_cast<double>(width) / static_cast<double>(height);
  // The narrower of the two angles decides.
  const double narrow = std::atan(half * std::min(1., aspect));
  return CameraAt(view.azimuth, view.elevation, kMargin / std::sin(narrow),
                  field_of_view);
}

}  // namespace phosphene
