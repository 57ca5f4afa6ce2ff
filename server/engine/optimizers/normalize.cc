// Gradients made ready for the update: brought to a size, whole or band by
// band; their colours mixed.

#include "server/engine/optimizers/normalize.h"

#include <cmath>

#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

constexpr int kBands = 4;
constexpr double kLeastRms = 1e-10;  // below it a band is silence, not signal
constexpr double kOwnColor = 0.08;   // of the identity, in the colours' mix

// [channels,1,5,5], sums to 1.
at::Tensor Binomial(int64_t channels, const at::TensorOptions& options) {
  const at::Tensor row = at::tensor({1., 4., 6., 4., 1.}, options) / 16;
  return at::outer(row, row)
      .view({1, 1, 5, 5})
      .expand({channels, 1, 5, 5})
      .contiguous();
}

// A band scaled to root mean square 1.
at::Tensor UnitRms(const at::Tensor& band) {
  const double rms = std::sqrt(band.square().mean(at::kDouble).item<double>());
  return band / std::max(rms, kLeastRms);
}

// `x` [1,C,h,w] continued over its edges by `margin` pixels on each side.
at::Tensor Around(const at::Tensor& x, int64_t margin) {
  at::Tensor out = x;
  for (const int64_t axis : {2, 3}) {
    const at::Tensor places =
        at::arange(-margin, x.size(axis) + margin,
                   at::TensorOptions(x.device()).dtype(at::kLong))
            .remainder(x.size(axis));
    out = out.index_select(axis, places);
  }
  return out;
}

// A tile [1,C,h,w] without what is finer than 2^(band + 1) pixels: the binomial
// kernel down and up again, which is one of 9 taps, 2^band pixels apart.
at::Tensor Smoothed(const at::Tensor& tile, int band) {
  const int64_t apart = int64_t{1} << band, channels = tile.size(1);
  const at::Tensor taps =
      at::tensor({1., 8., 28., 56., 70., 56., 28., 8., 1.}, tile.options()) /
      256;
  const at::Tensor along_x =
      taps.view({1, 1, 1, 9}).expand({channels, 1, 1, 9}).contiguous();
  const at::Tensor along_y =
      taps.view({1, 1, 9, 1}).expand({channels, 1, 9, 1}).contiguous();
  const std::vector<int64_t> one = {1, 1}, none = {0, 0}, wide = {1, apart},
                             high = {apart, 1};
  const at::Tensor rows = at::conv2d(Around(tile, 4 * apart), along_x, {}, one,
                                     none, wide, channels);
  return at::conv2d(rows, along_y, {}, one, none, high, channels);
}

// The bands of a tile: of its full size each, so that no place of it is
// special, whatever its size.
at::Tensor TileNormalized(const at::Tensor& gradient) {
  at::Tensor rest = gradient.unsqueeze(0);
  at::Tensor out = at::zeros_like(rest);
  for (int band = 0; band < kBands; ++band) {
    const at::Tensor low = Smoothed(rest, band);
    out += UnitRms(rest - low);
    rest = low;
  }
  return (out + UnitRms(rest)).squeeze(0);
}

// Gradients of one row, or of a shared tensor, under one measure.
using Group = std::vector<at::Tensor>;

// g / mean|g|, as DeepDream's steps are scaled.
double MeanAbs(const Group& group) {
  double sum = 0;
  int64_t count = 0;
  for (const at::Tensor& g : group) {
    sum += g.abs().sum(at::kDouble).item<double>();
    count += g.numel();
  }
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

// g / |g|_2.
double Norm(const Group& group) {
  double sum = 0;
  for (const at::Tensor& g : group)
    sum += g.square().sum(at::kDouble).item<double>();
  return std::sqrt(sum);
}

std::vector<Group> GroupsOf(const std::vector<ParamTensor>& parameters) {
  std::vector<Group> groups;
  size_t rows = 0;
  for (const ParamTensor& p : parameters) {
    if (p.per_row) rows = std::max<size_t>(rows, p.value.size(0));
  }
  groups.resize(rows);
  for (const ParamTensor& p : parameters) {
    if (!p.value.grad().defined()) continue;
    if (!p.per_row) groups.push_back({p.value.grad()});
    for (size_t row = 0; p.per_row && row < rows; ++row) {
      groups[row].push_back(p.value.grad().select(0, row));
    }
  }
  return groups;
}

void NormalizeBands(const std::vector<ParamTensor>& parameters, bool wraps) {
  for (const ParamTensor& p : parameters) {
    if (!p.value.grad().defined() || p.value.dim() != 4) continue;
    for (int64_t row = 0; row < p.value.size(0); ++row) {
      at::Tensor own = p.value.grad().select(0, row);
      own.copy_(LaplacianNormalized(own, wraps));
    }
  }
}

}  // namespace

// A Laplacian pyramid (Burt & Adelson 1983) taken apart, every band brought to
// the same size, and put together again: low frequencies grow as fast as high
// ones (Mordvintsev 2015, DeepDream notebook, "lap_normalize").
at::Tensor LaplacianNormalized(const at::Tensor& gradient, bool wraps) {
  if (wraps) return TileNormalized(gradient);
  const at::Tensor kernel = Binomial(gradient.size(0), gradient.options());
  const int64_t channels = gradient.size(0);
  at::Tensor rest = gradient.unsqueeze(0);
  std::vector<at::Tensor> details;
  for (int band = 0; band < kBands; ++band) {
    const at::Tensor low = at::conv2d(rest, kernel, {}, 2, 2, 1, channels);
    const std::vector<int64_t> odd = {(rest.size(2) + 1) % 2,
                                      (rest.size(3) + 1) % 2};
    const at::Tensor up =
        at::conv_transpose2d(low, kernel * 4, {}, 2, 2, odd, channels);
    details.push_back(rest - up);
    rest = low;
  }
  at::Tensor out = UnitRms(rest);
  for (int band = kBands; band-- > 0;) {
    const at::Tensor& detail = details[band];
    const std::vector<int64_t> odd = {(detail.size(2) + 1) % 2,
                                      (detail.size(3) + 1) % 2};
    out = at::conv_transpose2d(out, kernel * 4, {}, 2, 2, odd, channels) +
          UnitRms(detail);
  }
  return out.squeeze(0);
}

void NormalizeGradients(v1::Optimizer::GradientNormalization how,
                        const std::vector<ParamTensor>& parameters,
                        bool wraps) {
  const at::NoGradGuard no_grad;
  if (how == v1::Optimizer::LAPLACIAN) return NormalizeBands(parameters, wraps);
  if (how != v1::Optimizer::MEAN_ABS && how != v1::Optimizer::UNIT_NORM) return;
  for (Group& group : GroupsOf(parameters)) {
    const double size =
        how == v1::Optimizer::MEAN_ABS ? MeanAbs(group) : Norm(group);
    if (!(size > 0) || !std::isfinite(size)) continue;
    for (at::Tensor& gradient : group) gradient.div_(size);
  }
}

at::Tensor ColorCorrelation() {
  const at::Tensor covariance =
      at::tensor({.0791f, .0692f, .0629f, .0692f, .0754f, .0711f, .0629f,
                  .0711f, .0820f})
          .view({3, 3});
  return covariance + at::eye(3) * kOwnColor;
}

void CorrelateColors(const std::vector<ParamTensor>& parameters) {
  const at::NoGradGuard no_grad;
  for (const ParamTensor& p : parameters) {
    const at::Tensor& grad = p.value.grad();
    if (!grad.defined() || grad.dim() != 4 || grad.size(1) != 3) continue;
    const at::Tensor mix = ColorCorrelation().to(grad.options());
    for (int64_t row = 0; row < grad.size(0); ++row) {
      at::Tensor own = grad.select(0, row);
      const at::Tensor mixed = at::mm(mix, own.flatten(1)).view(own.sizes());
      const double spread =
          mixed.to(at::kDouble).std(/*unbiased=*/false).item<double>();
      if (!std::isfinite(spread)) continue;
      own.copy_(mixed / std::max(spread, kLeastRms));
    }
  }
}

}  // namespace phosphene
