#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Counter-based random numbers: a pure function of (seed, stream, step, draw),
// so a job is a pure function of its spec and resumes bitwise. Philox4x32-10
// (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): the
// key is the seed, the counter (index, draw, step, stream).
//
// Streams keep users apart: see RngStream. A batch's row r draws its start
// with RowSeed(seed, r); row 0's is the seed itself, so row r alone is the job
// of that seed. Thread-compatible; copies are cheap.
enum class RngStream : uint32_t {
  kInit = 1,        // parameter start, draw = tensor number
  kTransform = 2,   // draw = position of the transform in the flattened list
  kObjective = 3,   // draw = position of the objective
  kBackground = 4,  // random backgrounds
  kParam = 5,  // per-step randomness of a parameterization (offsets, cameras)
};

uint64_t RowSeed(uint64_t seed, int64_t row);

class Rng {
 public:
  Rng(uint64_t seed, RngStream stream, int64_t step = 0, uint32_t draw = 0)
      : seed_(seed), stream_(stream), step_(step), draw_(draw) {}

  // The i-th raw 32-bit word of this (seed, stream, step, draw).
  uint32_t Word(uint64_t i) const;

  // Scalars; each call takes the next word(s) of the sequence.
  double Uniform();                         // [0, 1)
  double Normal();                          // N(0, 1), Box-Muller
  int64_t Index(int64_t n);                 // 0..n-1, n >= 1
  int64_t Between(int64_t lo, int64_t hi);  // lo..hi inclusive

  // CPU f32 tensors of any shape; element k depends on k alone, so a larger
  // tensor begins with a smaller one. Independent of the scalar sequence.
  at::Tensor NormalTensor(at::IntArrayRef shape) const;
  at::Tensor UniformTensor(at::IntArrayRef shape) const;

 private:
  uint64_t seed_;
  RngStream stream_;
  int64_t step_;
  uint32_t draw_;
  uint64_t next_ = 0;  // words taken by scalar calls
};

}  // namespace phosphene
