// Many small matrix products at once, in panels of 32 columns.

#include <algorithm>
#include <cstring>
#include <vector>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/kernels/vector.h"

namespace phosphene::onnx {
namespace {

// 16 floats; the compiler splits it where registers are narrower.
typedef float Vector __attribute__((vector_size(64)));
constexpr int64_t kLanes = 16;
constexpr int64_t kPanel = 2 * kLanes;  // columns done at a time
constexpr int64_t kRows = 6;  // rows done at a time: 12 sums in registers

// By reference: vectors of this size have no calling convention of their own.
PHOSPHENE_INLINE void LoadVector(const float* from, Vector& to) {
  std::memcpy(&to, from, sizeof(to));
}

// b [k,n] as panels [n/32][k][32], the last filled up with zeros.
PHOSPHENE_INLINE void PackPanels(const BatchProductParams& p, const float* b,
                                 float* panels) {
  const int64_t count = (p.n + kPanel - 1) / kPanel;
  for (int64_t panel = 0; panel < count; ++panel) {
    const int64_t first = panel * kPanel, width = std::min(kPanel, p.n - first);
    float* to = panels + panel * p.k * kPanel;
    for (int64_t k = 0; k < p.k; ++k, to += kPanel) {
      const float* from = b + k * p.b_row + first * p.b_column;
      for (int64_t j = 0; j < width; ++j) to[j] = from[j * p.b_column];
      for (int64_t j = width; j < kPanel; ++j) to[j] = 0;
    }
  }
}

// Rows x 32 columns of the product. Each element is summed in the order of k,
// wherever it lies, so that its bits do not depend on its neighbours.
template <int64_t Rows>
PHOSPHENE_INLINE void Block(const BatchProductParams& p, const float* a,
                            const float* panel, int64_t width, float* c) {
  Vector sums[Rows][2] = {};
  for (int64_t k = 0; k < p.k; ++k) {
    Vector left, right;
    LoadVector(panel + k * kPanel, left);
    LoadVector(panel + k * kPanel + kLanes, right);
    for (int64_t i = 0; i < Rows; ++i) {
      const float value = a[i * p.a_row + k * p.a_column];
      sums[i][0] += value * left;
      sums[i][1] += value * right;
    }
  }
  for (int64_t i = 0; i < Rows; ++i) {
    if (width == kPanel) {
      std::memcpy(c + i * p.n, sums[i], sizeof(sums[i]));
    } else {
      std::memcpy(c + i * p.n, sums[i],
                  static_cast<size_t>(width) * sizeof(float));
    }
  }
}

// c [m,n] = a [m,k] b [k,n]: six rows by two vectors at a time, so that the
// sums stay in registers.
PHOSPHENE_CLONES void OneProduct(const BatchProductParams& p, const float* a,
                                 const float* b, float* panels, float* c) {
  PackPanels(p, b, panels);
  for (int64_t first = 0; first < p.n; first += kPanel) {
    const float* const panel = panels + first * p.k;
    const int64_t width = std::min(kPanel, p.n - first);
    int64_t row = 0;
    for (; row + kRows <= p.m; row += kRows) {
      Block<kRows>(p, a + row * p.a_row, panel, width, c + row * p.n + first);
    }
    for (; row < p.m; ++row)
      Block<1>(p, a + row * p.a_row, panel, width, c + row * p.n + first);
  }
}

}  // namespace

void BatchProduct(const BatchProductParams& p, const float* a,
                  const int64_t* a_starts, const float* b,
                  const int64_t* b_starts, float* c) {
  OverRows(p.count, p.threads, [&](int64_t begin, int64_t end) {
    std::vector<float> panels((p.n + kPanel - 1) / kPanel * kPanel * p.k);
    for (int64_t i = begin; i < end; ++i) {
      OneProduct(p, a + a_starts[i], b + b_starts[i], panels.data(),
                 c + i * p.m * p.n);
    }
  });
}

}  // namespace phosphene::onnx
