// A Gaussian blur of random width.

#include <cmath>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/engine/tensor/separable.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// Normalized Gaussian of radius 3 sigma. [2r+1] f32
at::Tensor Kernel(double sigma) {
  const int64_t radius = static_cast<int64_t>(std::ceil(3 * sigma));
  const at::Tensor x = at::arange(-radius, radius + 1, at::kDouble);
  const at::Tensor weight = (x.square() * (-0.5 / (sigma * sigma))).exp();
  return (weight / weight.sum()).to(at::kFloat);
}

// Both axes one after the other; the edge's pixels repeat outside.
at::Tensor Blurred(const at::Tensor& image, double sigma) {
  if (sigma < 1e-3) return image;
  const at::Tensor kernel = Kernel(sigma);
  const int64_t taps = kernel.size(0), r = taps / 2;
  const int64_t n = image.size(0), c = image.size(1), h = image.size(2),
                w = image.size(3);
  at::Tensor planes = image.reshape({n * c, 1, h, w});
  planes = at::conv2d(at::replication_pad2d(planes, {r, r, 0, 0}),
                      kernel.view({1, 1, 1, taps}));
  planes = at::conv2d(at::replication_pad2d(planes, {0, 0, r, r}),
                      kernel.view({1, 1, taps, 1}));
  return planes.view({n, c, h, w});
}

// The blur of an axis as a matrix [size,size]. A GPU adds the gradient of
// repeated edges in no fixed order, and a matrix is the same work whatever its
// kernel's size.
at::Tensor BlurMatrix(double sigma, int64_t size) {
  if (sigma < 1e-3) return at::eye(size);
  const at::Tensor kernel = Kernel(sigma);
  const float* weight = kernel.const_data_ptr<float>();
  const int64_t taps = kernel.size(0), r = taps / 2;
  at::Tensor matrix = at::zeros({size, size});
  auto entries = matrix.accessor<float, 2>();
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t k = 0; k < taps; ++k)
      entries[i][std::clamp<int64_t>(i + k - r, 0, size - 1)] += weight[k];
  }
  return matrix;
}

// sigma ~ U(min_sigma, max_sigma) at each step. A blur before the network takes
// away the high frequencies that gradients put in (Olah et al. 2017, "Feature
// Visualization", frequency penalization).
class Blur final : public ImageTransform {
 public:
  explicit Blur(const v1::Transform& spec)
      : per_row_(spec.per_row()),
        min_(spec.blur().min_sigma()),
        max_(spec.blur().has_max_sigma() ? spec.blur().max_sigma()
                                         : std::max(1.0, min_)) {}

  at::Tensor Apply(const at::Tensor& image,
                   const TransformDraw& draw) override {
    if (!image.is_cpu() || draw.feed != nullptr) return ByMatrices(image, draw);
    if (!per_row_) return Blurred(image, Sigma(draw.rng()));
    std::vector<at::Tensor> rows;
    for (int64_t row = 0; row < image.size(0); ++row) {
      rows.push_back(Blurred(image.narrow(0, row, 1), Sigma(draw.rng(row))));
    }
    return at::cat(rows);
  }
  at::Tensor ApplyAlpha(const at::Tensor& alpha,
                        const TransformDraw& draw) override {
    return Apply(alpha, draw);
  }

 private:
  at::Tensor ByMatrices(const at::Tensor& image, const TransformDraw& draw) {
    // [1 or N,1,size,size]
    const auto drawn = [&](int64_t size) {
      at::Tensor all =
          at::empty({per_row_ ? image.size(0) : 1, 1, size, size}, at::kFloat);
      for (int64_t row = 0; row < all.size(0); ++row)
        all[row][0].copy_(BlurMatrix(Sigma(draw.rng(row)), size));
      return FeedTo(draw.feed, all, image.device());
    };
    const at::Tensor rows = drawn(image.size(2)),
                     columns = drawn(image.size(3));
    return SeparableMap(image, rows, columns);
  }
  double Sigma(Rng rng) const { return min_ + (max_ - min_) * rng.Uniform(); }

  bool per_row_;
  double min_, max_;
};

void Check(const v1::Transform& spec, absl::string_view path, Faults& faults) {
  const v1::BlurTransform& own = spec.blur();
  if (!own.has_max_sigma() || own.max_sigma() >= own.min_sigma()) return;
  faults.Add(
      absl::StrCat(path, ".blur.max_sigma"),
      absl::StrCat(own.max_sigma(), " is below min_sigma ", own.min_sigma()));
}

absl::StatusOr<std::unique_ptr<ImageTransform>> Make(
    const v1::Transform& spec) {
  return std::make_unique<Blur>(spec);
}

}  // namespace

const TransformKind& BlurTransformKind() {
  static const TransformKind kind = {.arm = "blur",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
