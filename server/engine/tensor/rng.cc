// Philox-4x32-10: random numbers as a function of their key (Salmon et al.
// 2011).

#include "server/engine/tensor/rng.h"

#include <array>
#include <cmath>

#include "server/base/log.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

using Block = std::array<uint32_t, 4>;

// Philox4x32-10; constants from the paper, table 2.
Block Philox(Block counter, uint64_t seed) {
  uint32_t key0 = static_cast<uint32_t>(seed),
           key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * counter[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0,
               static_cast<uint32_t>(product1),
               static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1,
               static_cast<uint32_t>(product0)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return counter;
}

// Tensors draw from streams of their own, so that they are independent of the
// scalars of the same key. RngStream leaves these bits free.
constexpr uint32_t kNormalTensors = 0x80000000;
constexpr uint32_t kUniformTensors = 0x40000000;

// Elements a task fills: large enough to hide the start of a thread, and a
// multiple of a block's four words.
constexpr int64_t kGrain = 16384;

// Four words to (0, 1), never 0: the logarithm below is finite. 2^-32 steps.
double OpenUnit(uint32_t word) { return (word + 0.5) * 0x1p-32; }

// Box-Muller: two words to two independent normals.
void NormalPair(uint32_t a, uint32_t b, float* first, float* second) {
  const double radius = std::sqrt(-2 * std::log(OpenUnit(a)));
  const double angle = 2 * M_PI * OpenUnit(b);
  *first = static_cast<float>(radius * std::cos(angle));
  *second = static_cast<float>(radius * std::sin(angle));
}

// Fills element 4j..4j+3 from `four(j)`; elements depend on their index alone.
template <typename Four>
at::Tensor Fill(at::IntArrayRef shape, const Four& four) {
  at::Tensor out = at::empty(shape, at::kFloat);
  float* data = out.data_ptr<float>();
  const int64_t count = out.numel();
  WideFor((count + 3) / 4, kGrain / 4, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      const std::array<float, 4> values = four(j);
      for (int64_t k = 0; k < 4 && 4 * j + k < count; ++k)
        data[4 * j + k] = values[k];
    }
  });
  return out;
}

}  // namespace

uint64_t RowSeed(uint64_t seed, int64_t row) {
  if (row == 0) return seed;
  // splitmix64 (Steele, Lea & Flood 2014) of the seed and the row.
  uint64_t z = seed + 0x9E3779B97F4A7C15 * static_cast<uint64_t>(row);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

uint32_t Rng::Word(uint64_t i) const {
  const Block counter = {static_cast<uint32_t>(i >> 2), draw_,
                         static_cast<uint32_t>(step_),
                         static_cast<uint32_t>(stream_)};
  return Philox(counter, seed_)[i & 3];
}

double Rng::Uniform() {
  const uint64_t high = Word(next_), low = Word(next_ + 1);
  next_ += 2;
  return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
}

double Rng::Normal() {
  // 1 - u is in (0, 1], so the logarithm is finite.
  const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
  return radius * std::cos(2 * M_PI * Uniform());
}

int64_t Rng::Index(int64_t n) {
  PHOSPHENE_CHECK(n >= 1);
  const uint64_t high = Word(next_), low = Word(next_ + 1);
  next_ += 2;
  // Multiply and shift: the bias is below n / 2^64.
  return static_cast<int64_t>(static_cast<unsigned __int128>(high << 32 | low) *
                                  static_cast<uint64_t>(n) >>
                              64);
}

int64_t Rng::Between(int64_t lo, int64_t hi) { return lo + Index(hi - lo + 1); }

at::Tensor Rng::NormalTensor(at::IntArrayRef shape) const {
  return Fill(shape, [this](int64_t j) {
    const Block words =
        Philox({static_cast<uint32_t>(j), draw_, static_cast<uint32_t>(step_),
                static_cast<uint32_t>(stream_) | kNormalTensors},
               seed_);
    std::array<float, 4> out;
    NormalPair(words[0], words[1], &out[0], &out[1]);
    NormalPair(words[2], words[3], &out[2], &out[3]);
    return out;
  });
}

at::Tensor Rng::UniformTensor(at::IntArrayRef shape) const {
  return Fill(shape, [this](int64_t j) {
    const Block words =
        Philox({static_cast<uint32_t>(j), draw_, static_cast<uint32_t>(step_),
                static_cast<uint32_t>(stream_) | kUniformTensors},
               seed_);
    std::array<float, 4> out;
    for (int k = 0; k < 4; ++k)
      out[k] = static_cast<float>(words[k] >> 8) * 0x1p-24f;
    return out;
  });
}

}  // namespace phosphene
