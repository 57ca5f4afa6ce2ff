#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "phosphene/v1/parameterization.pb.h"
#include "server/engine/params/interface.h"
#include "server/engine/params/texture/scene.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// The object's own texture as an atlas of the scene's UVs, [3,side,side] f32
// 0..1 on the context's device: the spec's picture, else what the mesh file
// holds, else grey. INVALID_ARGUMENT: a broken picture.
absl::StatusOr<at::Tensor> OriginalAtlas(
    const v1::TextureParameterization& spec, int64_t side, const Scene& scene,
    const ParamContext& context);

}  // namespace phosphene
