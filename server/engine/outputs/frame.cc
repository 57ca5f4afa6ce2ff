// Intermediate pictures for watchers.
#include "server/engine/outputs/frame.h"

#include <algorithm>

#include "server/engine/tensor/image_tensor.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

constexpr int kDefaultFrameSize = 512;

}  // namespace

Image8 MakeFrame(const v1::JobSpec& spec, Param& param) {
  const int max_size = spec.frames().max_size() > 0 ? spec.frames().max_size()
                                                    : kDefaultFrameSize;
  const Canvas canvas = CanvasOf(spec.parameterization());
  const int columns = NearSquareColumns(static_cast<int>(canvas.rows));
  const int lines = (static_cast<int>(canvas.rows) + columns - 1) / columns;
  // Each cell gets its share, so that a large batch is not rendered in full.
  const ImageSize whole =
      FitWithin(static_cast<int>(canvas.width) * columns,
                static_cast<int>(canvas.height) * lines, max_size);
  const int width = std::max(1, whole.width / columns),
            height = std::max(1, whole.height / lines);
  return Grid(ToImages(param.Render(height, width)));
}

}  // namespace phosphene
