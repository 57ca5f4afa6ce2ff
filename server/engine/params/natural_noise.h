#pragma once

#include <cstdint>

#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// A random image of natural spectrum and colours, [3,H,W] f32 0..1: lucid's
// fft_image of N(0, sd) with decay, through to_valid_rgb. Pure.
at::Tensor NaturalNoise(const Rng& rng, int64_t height, int64_t width,
                        double sd, double decay);

}  // namespace phosphene
