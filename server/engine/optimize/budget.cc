// The least memory a job takes, estimated from its spec.

#include "server/engine/optimize/budget.h"

#include <algorithm>

#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// Tensors of the canvas alive at the peak of a step: value, gradient, two
// moments, image, its gradient and two temporaries.
constexpr int64_t kCanvasTensors = 8;
// Activations and their gradients per pixel of the view. GoogLeNet to
// inception_4c takes 1.1 kB per pixel in fp32, VGG19 to block 3 3.6 kB; smaller
// networks and bf16 less.
constexpr int64_t kActivationBytes = 300;
// Of a view that may go in tiles this much is in the network at the least.
constexpr int64_t kTilePixels = int64_t{512} * 512;

}  // namespace

ViewSizes ViewSizesOf(const v1::JobSpec& spec, const Canvas& canvas) {
  ViewSizes sizes{canvas.height, canvas.width, canvas.height, canvas.width};
  for (const v1::Transform& member :
       FlattenTransforms(spec.transforms(), canvas.height, canvas.width)) {
    const TransformKind* kind = FindTransformKind(member);
    if (kind == nullptr) continue;
    const auto transform = kind->make(member);
    if (!transform.ok()) continue;
    (*transform)->MinSize(&sizes.min_height, &sizes.min_width);
    (*transform)->MaxSize(&sizes.max_height, &sizes.max_width);
  }
  return sizes;
}

int64_t LeastMemory(const v1::JobSpec& spec, bool reads_network) {
  const Canvas canvas = CanvasOf(spec.parameterization());
  const int64_t pixels = canvas.rows * canvas.height * canvas.width;
  int64_t bytes =
      pixels * canvas.channels * int64_t{sizeof(float)} * kCanvasTensors;
  const ParamKind* kind = FindParamKind(spec.parameterization());
  if (kind != nullptr && kind->least_memory != nullptr)
    bytes += kind->least_memory(spec.parameterization());
  if (reads_network) {
    const ViewSizes view = ViewSizesOf(spec, canvas);
    int64_t view_pixels = view.max_height * view.max_width;
    if (spec.tiling().mode() != v1::Tiling::OFF)
      view_pixels = std::min(view_pixels, kTilePixels);
    bytes += canvas.rows * view_pixels * kActivationBytes;
  }
  return bytes;
}

}  // namespace phosphene
