#pragma once

#include <memory>

#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/params/interface.h"
#include "server/engine/params/latent.h"

namespace phosphene {

// A Param whose image is `latent`'s values through the spec's colour space.
// Renders other sizes by resizing the canvas' image.
std::unique_ptr<Param> MakeColored(const v1::Parameterization& spec,
                                   const Canvas& canvas,
                                   std::unique_ptr<Latent> latent);

// `image` [1 or rows, C, h, w] as [rows,C,H,W] of the canvas: what every
// SetImage begins with.
absl::StatusOr<at::Tensor> FitToCanvas(const at::Tensor& image,
                                       const Canvas& canvas);

}  // namespace phosphene
