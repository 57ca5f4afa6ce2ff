#pragma once

#include <cstdint>

#include "server/engine/params/cppn_net.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// A compositional pattern-producing network from positions in space to values
// before colour. Positions in the unit sphere are scaled by sqrt 3 first, to
// the spread that CppnGrid gives the pixels of a picture. Stateless.

// weights [weight_count] f32, positions [3,n] f32 -> [outputs,n], with gradient
// on the weights. Bits do not depend on the number of threads: points are cut
// into tiles of a fixed size, whose gradients are summed in order.
// REQUIRES: shape.inputs == 3 and no normalization.
at::Tensor SpaceValues(const CppnShape& shape, const at::Tensor& weights,
                       const at::Tensor& positions);

}  // namespace phosphene
