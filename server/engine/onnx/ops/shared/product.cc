// Matrix products: by a constant matrix as a 1x1 convolution, small batches by
// a kernel.

#include "server/engine/onnx/ops/shared/product.h"

#include <utility>

#include "server/engine/onnx/kernels/cpu.h"
#include "server/engine/onnx/ops/shared/gradient.h"
#include "server/engine/tensor/wide_product.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

// A matrix is kept in three layouts. Above, it is read faster than multiplied:
// classifiers of VGG.
constexpr int64_t kMaxMatrix = int64_t{1} << 23;
constexpr int64_t kLeastElements = 1024;
// Larger matrices keep MKL's kernels busy.
constexpr int64_t kMaxSide = 512;

at::Tensor AsFilters(const at::Tensor& matrix) {
  return matrix.contiguous().view({matrix.size(0), matrix.size(1), 1, 1});
}

// Whether the kernel for many small products takes these.
bool Batched(const at::Tensor& a, const at::Tensor& b) {
  const int64_t rank = a.dim();
  if (rank < 3 || b.dim() != rank || !a.device().is_cpu() ||
      a.scalar_type() != at::kFloat || b.scalar_type() != at::kFloat ||
      a.numel() == 0 || b.numel() == 0) {
    return false;
  }
  for (int64_t i = 0; i + 2 < rank; ++i) {
    if (a.size(i) != b.size(i)) return false;
  }
  return a.size(-1) == b.size(-2) && a.size(-2) <= kMaxSide &&
         b.size(-1) <= kMaxSide;
}

// Where each matrix of a batch begins, in elements.
std::vector<int64_t> Starts(const at::Tensor& x) {
  std::vector<int64_t> starts = {0};
  for (int64_t axis = 0; axis + 2 < x.dim(); ++axis) {
    std::vector<int64_t> more;
    more.reserve(starts.size() * x.size(axis));
    for (const int64_t start : starts) {
      for (int64_t i = 0; i < x.size(axis); ++i)
        more.push_back(start + i * x.stride(axis));
    }
    starts = std::move(more);
  }
  return starts;
}

at::Tensor Multiply(const at::Tensor& a, const at::Tensor& b) {
  std::vector<int64_t> sizes = a.sizes().vec();
  sizes.back() = b.size(-1);
  at::Tensor c = at::empty(sizes, a.options());
  const std::vector<int64_t> a_starts = Starts(a), b_starts = Starts(b);
  BatchProductParams p;
  p.count = static_cast<int64_t>(a_starts.size());
  p.m = a.size(-2), p.k = a.size(-1), p.n = b.size(-1);
  p.a_row = a.stride(-2), p.a_column = a.stride(-1);
  p.b_row = b.stride(-2), p.b_column = b.stride(-1);
  p.threads = AvailableThreads();
  BatchProduct(p, a.const_data_ptr<float>(), a_starts.data(),
               b.const_data_ptr<float>(), b_starts.data(), c.data_ptr<float>());
  return c;
}

}  // namespace

bool FrozenLinear::Suits(const at::Tensor& matrix, const OpOptions& options) {
  return options.device.is_cpu() && matrix.defined() && matrix.dim() == 2 &&
         matrix.numel() >= kLeastElements && matrix.numel() <= kMaxMatrix &&
         OneDnnConvolves(matrix.scalar_type());
}

FrozenLinear::FrozenLinear(const at::Tensor& matrix, at::Tensor bias)
    : forward_(AsFilters(matrix.t())),
      backward_(AsFilters(matrix)),
      bias_(std::move(bias)),
      packed_([this] { return forward_; }, 1),
      packed_turned_([this] { return backward_; }, 1) {}

at::Tensor FrozenLinear::Apply(const at::Tensor& x, PackedWeight* weight,
                               const at::Tensor& bias, int64_t columns) const {
  std::vector<int64_t> sizes = x.sizes().vec();
  const int64_t rows = x.numel() / sizes.back();
  // The rows' memory is that of a channels_last picture of one line.
  const at::Tensor pixels =
      x.contiguous().view({1, 1, rows, sizes.back()}).permute({0, 3, 1, 2});
  Window window;
  window.kernel = window.stride = window.dilation = {1, 1};
  window.pad_begin = window.pad_end = {0, 0};
  const at::Tensor y = weight->Convolve(pixels, bias, window, {});
  sizes.back() = columns;
  return y.permute({0, 2, 3, 1}).reshape(sizes);
}

at::Tensor FrozenLinear::Run(const at::Tensor& x) {
  TORCH_CHECK(x.dim() > 0 && x.size(-1) == forward_.size(1), "the input has ",
              x.dim() > 0 ? x.size(-1) : 0, " values per row where ",
              forward_.size(1),
              " are needed; the layer takes another image size");
  TORCH_CHECK(x.numel() > 0, "the input is empty");
  at::Tensor y;
  {
    const at::NoGradGuard no_grad;
    y = Apply(x.detach(), &packed_, bias_, forward_.size(0));
  }
  if (Records({x})) {
    SetBackward({x}, {y},
                [self = shared_from_this()](const Tensors& grads) -> Tensors {
                  return {self->Apply(grads[0], &self->packed_turned_, {},
                                      self->backward_.size(0))};
                });
  }
  return y;
}

at::Tensor Product(const at::Tensor& a, const at::Tensor& b) {
  if (a.dim() == 2 && b.dim() == 2) return WideMm(a, b);
  if (!Batched(a, b)) return at::matmul(a, b);
  at::Tensor c;
  {
    const at::NoGradGuard no_grad;
    c = Multiply(a.detach(), b.detach());
  }
  if (Records({a, b})) {
    SetBackward(
        {a, b}, {c},
        [a = a.detach(), b = b.detach()](const Tensors& grads) -> Tensors {
          return {Multiply(grads[0], b.transpose(-1, -2)),
                  Multiply(a.transpose(-1, -2), grads[0])};
        });
  }
  return c;
}

}  // namespace phosphene::onnx
