#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene::onnx {

// Runs a network on a grey picture, on noise and on a picture like a photo, and
// says, a sentence each, what looks wrong with its weights or with the range
// its images are given in: values that are not finite, activations that hardly
// differ between a photo and grey (range too small), classes that are certain
// of everything (range too large), batch statistics far from those of training,
// layers that are dead on all three. An empty list is a good sign, no proof.
// Costs three runs of the whole network. Errors: no layer that an image
// reaches.
absl::StatusOr<std::vector<std::string>> SelfCheck(
    const std::shared_ptr<const NetworkInfo>& info);

// The picture like a photo: sky, ground, discs and stripes with shading and
// fine grain, whose power falls with frequency as a photo's does; [1,C,h,w] f32
// 0..1, always the same.
at::Tensor PhotoLikePicture(int64_t channels, int64_t height, int64_t width);

}  // namespace phosphene::onnx
