#pragma once

#include <memory>

#include "server/engine/params/interface.h"

namespace phosphene {

// What a masked parameterization keeps beside its tensors (Param::Save): its
// start, so that its picture can be drawn from a checkpoint alone.
constexpr char kMaskStart[] = "mask/start";

// `base` optimized only where `mask` [1,1,H,W] f32 0..1 is 1: image =
// lerp(start, base image, mask). `start` is [rows,C,H,W] f32 0..1; undefined:
// the image at the time of the call. The start stays through SetImage, so it is
// a function of the spec.
std::unique_ptr<Param> MakeMasked(std::unique_ptr<Param> base, at::Tensor mask,
                                  at::Tensor start = {});

}  // namespace phosphene
