#pragma once

#include "phosphene/v1/job.pb.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// Brings the image of an octave to the size of the next one, as
// Octaves.gamma says: bilinear, of values as they are or of light. With gamma
// set, what rolls over its edges (TransformKind::wraps) is enlarged as a tile,
// by its frequencies, so that it stays one. Alpha is no light and stays as it
// is. No gradient. Confined to a thread.
class Enlarger {
 public:
  explicit Enlarger(const v1::JobSpec& spec);

  // The image of `param`, whose canvas is `coarse`, at the size of `canvas`:
  // drawn anew where it has no resolution and there is no gamma.
  at::Tensor Render(Param& param, const Canvas& coarse,
                    const Canvas& canvas) const;
  // What of an image is too fine for a coarser canvas: image minus itself sent
  // through it.
  at::Tensor FinerThan(const Canvas& coarse, const at::Tensor& image) const;

 private:
  at::Tensor Resize(const at::Tensor& image, int64_t height,
                    int64_t width) const;

  bool as_light_;  // gamma is set
  double gamma_;
  bool wraps_;
};

// `image` [N,C,h,w] f32 0..1 at a size that is no smaller, continued over its
// edges as a tile is: the same frequencies at more pixels. Pixel 0 stays where
// it is.
at::Tensor EnlargedAround(const at::Tensor& image, int64_t height,
                          int64_t width);

}  // namespace phosphene
