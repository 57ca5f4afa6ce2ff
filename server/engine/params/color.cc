// Colour spaces: bases, squashes, and the ways back.
#include "server/engine/params/color.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "server/engine/params/color_kernels.h"
#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

// Distance from 0 and 1 at which an image's logit is taken (the value used by
// the accentuation tools, which start from photos).
constexpr double kLogitMargin = 1e-3;

// Mean colour of ImageNet, which CLIP starts around (lucid).
constexpr std::array<double, 3> kColorMean = {.48, .46, .41};

constexpr Matrix3 kIdentity = {1, 0, 0, 0, 1, 0, 0, 0, 1};

// BT.601: luma and chroma to RGB, chroma centred at 0.
constexpr Matrix3 kYcbcr = {1, 0, 1.402, 1, -.344136, -.714136, 1, 1.772, 0};

// Pixels a thread takes at a time.
constexpr int64_t kGrain = 16384;
// Pixels of three planes that stay in a core's first cache.
constexpr int64_t kPiece = 1024;

// ImageNet's colour correlation, its square root by SVD (lucid), divided by
// its largest column norm, the first's.
Matrix3 Decorrelated() {
  Matrix3 matrix = {.26, .09, .02, .27, 0, -.05, .27, -.09, .03};
  const double norm = std::sqrt(.26 * .26 + .27 * .27 + .27 * .27);
  for (double& value : matrix) value /= norm;
  return matrix;
}

double Determinant(const Matrix3& m) {
  return m[0] * (m[4] * m[8] - m[5] * m[7]) -
         m[1] * (m[3] * m[8] - m[5] * m[6]) +
         m[2] * (m[3] * m[7] - m[4] * m[6]);
}

Matrix3 Transpose(const Matrix3& m) {
  return {m[0], m[3], m[6], m[1], m[4], m[7], m[2], m[5], m[8]};
}

bool IsRgb(int64_t channels) { return channels == 3 || channels == 4; }

// The first three planes of `z` [N,C>=3,H,W] through `m`; the others copied.
// On a GPU plane by plane too: a matrix product may take reduced precision.
at::Tensor Mix(const Matrix3& m, const at::Tensor& values) {
  const at::Tensor z = values.contiguous();
  at::Tensor out = at::empty_like(z);
  const int64_t rest = z.size(1) - 3;
  if (rest > 0) out.narrow(1, 3, rest).copy_(z.narrow(1, 3, rest));
  if (!z.is_cpu()) {
    for (int i = 0; i < 3; ++i) {
      out.select(1, i).copy_(z.select(1, 0) * m[3 * i] +
                             z.select(1, 1) * m[3 * i + 1] +
                             z.select(1, 2) * m[3 * i + 2]);
    }
    return out;
  }
  const int64_t plane = z.size(2) * z.size(3);
  for (int64_t row = 0; row < z.size(0); ++row) {
    const float* from = z.const_data_ptr<float>() + row * z.size(1) * plane;
    float* to = out.data_ptr<float>() + row * z.size(1) * plane;
    WideFor(plane, kGrain, [&](int64_t begin, int64_t end) {
      MixPlanes(m.data(), from, to, plane, begin, end);
    });
  }
  return out;
}

// Calls fn(row, begin, end) for pieces of the pixels of each row.
void OverPieces(int64_t rows, int64_t plane,
                const std::function<void(int64_t, int64_t, int64_t)>& fn) {
  const int64_t pieces = (plane + kPiece - 1) / kPiece;
  const auto over = [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t begin = i % pieces * kPiece;
      fn(i / pieces, begin, std::min(plane, begin + kPiece));
    }
  };
  WideFor(rows * pieces, kGrain / kPiece, over);
}

// In place; REQUIRES: contiguous f32.
void Sigmoid(at::Tensor x) {
  if (!x.is_cpu()) {
    x.sigmoid_();
    return;
  }
  float* data = x.data_ptr<float>();
  WideFor(x.numel(), kGrain, [&](int64_t begin, int64_t end) {
    SigmoidInPlace(data + begin, end - begin);
  });
}

// `y` is the sigmoid's value, contiguous f32.
at::Tensor SigmoidBackward(const at::Tensor& grad, const at::Tensor& y) {
  if (!y.is_cpu()) return at::sigmoid_backward(grad, y);
  const at::Tensor g = grad.contiguous();
  at::Tensor out = at::empty_like(y);
  const float* from = g.const_data_ptr<float>();
  const float* value = y.const_data_ptr<float>();
  float* to = out.data_ptr<float>();
  WideFor(y.numel(), kGrain, [&](int64_t begin, int64_t end) {
    SigmoidGradient(from + begin, value + begin, to + begin, end - begin);
  });
  return out;
}

at::Tensor Logit(const at::Tensor& image) {
  if (!image.is_cpu()) return at::logit(image, kLogitMargin);
  at::Tensor x = image.clone(at::MemoryFormat::Contiguous);
  LogitInPlace(x.data_ptr<float>(), x.numel(), kLogitMargin);
  return x;
}

// The alpha plane [N,1,H,W] of a batch of 4 channels, contiguous.
at::Tensor Alpha(const at::Tensor& x) { return x.narrow(1, 3, 1).contiguous(); }
void PutAlpha(at::Tensor x, const at::Tensor& alpha) {
  x.narrow(1, 3, 1).copy_(alpha);
}

// Adds `sign` times the mean colour that CLIP starts around, or .5 where
// channels are no colours; alpha is left alone.
void AddMean(at::Tensor x, double sign) {
  const int64_t channels = x.size(1);
  for (int64_t c = 0; c < (channels == 4 ? 3 : channels); ++c) {
    x.select(1, c).add_(sign * (IsRgb(channels) ? kColorMean[c] : .5));
  }
}

// Mix and Sigmoid, and SigmoidBackward and Mix, of three planes by pieces that
// stay in a cache between the two. The same bits as one after the other.
at::Tensor MixSigmoid(const Matrix3& m, const at::Tensor& values) {
  const at::Tensor z = values.contiguous();
  at::Tensor out = at::empty_like(z);
  const int64_t plane = z.size(2) * z.size(3);
  OverPieces(z.size(0), plane, [&](int64_t row, int64_t begin, int64_t end) {
    float* to = out.data_ptr<float>() + row * 3 * plane;
    MixPlanes(m.data(), z.const_data_ptr<float>() + row * 3 * plane, to, plane,
              begin, end);
    for (int c = 0; c < 3; ++c)
      SigmoidInPlace(to + c * plane + begin, end - begin);
  });
  return out;
}
at::Tensor MixSigmoidBackward(const Matrix3& transposed, const at::Tensor& grad,
                              const at::Tensor& y) {
  const at::Tensor g = grad.contiguous();
  at::Tensor out = at::empty_like(y);
  const int64_t plane = y.size(2) * y.size(3);
  OverPieces(y.size(0), plane, [&](int64_t row, int64_t begin, int64_t end) {
    float piece[3 * kPiece];
    const int64_t at = row * 3 * plane, count = end - begin;
    for (int c = 0; c < 3; ++c) {
      const int64_t first = at + c * plane + begin;
      SigmoidGradient(g.const_data_ptr<float>() + first,
                      y.const_data_ptr<float>() + first, piece + c * kPiece,
                      count);
    }
    float mixed[3 * kPiece];
    MixPlanes(transposed.data(), piece, mixed, kPiece, 0, count);
    for (int c = 0; c < 3; ++c) {
      std::copy_n(mixed + c * kPiece, count,
                  out.data_ptr<float>() + at + c * plane + begin);
    }
  });
  return out;
}

// Matrix and squash as one function that saves one tensor.
class ColorFn : public torch::autograd::Function<ColorFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& values, bool mixes, bool clip,
                            const Matrix3& matrix) {
    ctx->saved_data["mixes"] = mixes;
    ctx->saved_data["clip"] = clip;
    ctx->saved_data["matrix"] =
        std::vector<double>(matrix.begin(), matrix.end());
    if (mixes && !clip && ByPieces(values)) {
      const at::Tensor y = MixSigmoid(matrix, values);
      ctx->save_for_backward({y});
      return y;
    }
    at::Tensor x = mixes ? Mix(matrix, values)
                         : values.clone(at::MemoryFormat::Contiguous);
    if (clip) {
      AddMean(x, 1);
      if (x.size(1) == 4) {
        const at::Tensor alpha = Alpha(x);
        Sigmoid(alpha);
        PutAlpha(x, alpha);
      }
      ctx->save_for_backward({x});
      return x.clamp(0, 1);
    }
    Sigmoid(x);
    ctx->save_for_backward({x});
    return x;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const at::Tensor x = ctx->get_saved_variables()[0];
    const at::Tensor& g = grads[0];
    const bool mixes = ctx->saved_data["mixes"].toBool();
    const bool clip = ctx->saved_data["clip"].toBool();
    const std::vector<double> saved =
        ctx->saved_data["matrix"].toDoubleVector();
    Matrix3 matrix;
    std::copy(saved.begin(), saved.end(), matrix.begin());
    const Matrix3 back = Transpose(matrix);
    if (mixes && !clip && ByPieces(x))
      return {MixSigmoidBackward(back, g, x), {}, {}, {}};
    at::Tensor out;
    if (clip) {
      const at::Tensor outward = (x.le(0) & g.gt(0)) | (x.ge(1) & g.lt(0));
      out = g.masked_fill(outward, 0);
      if (x.size(1) == 4) PutAlpha(out, SigmoidBackward(Alpha(g), Alpha(x)));
    } else {
      out = SigmoidBackward(g, x);
    }
    if (mixes) out = Mix(back, out);
    return {out, {}, {}, {}};
  }

 private:
  static bool ByPieces(const at::Tensor& x) {
    return x.is_cpu() && x.size(1) == 3;
  }
};

}  // namespace

Matrix3 BasisMatrix(const v1::ColorSpace& spec) {
  switch (spec.basis()) {
    case v1::ColorSpace::RGB:
      return kIdentity;
    case v1::ColorSpace::YCBCR:
      return kYcbcr;
    case v1::ColorSpace::CUSTOM: {
      Matrix3 matrix{};
      for (int i = 0; i < std::min(9, spec.matrix_size()); ++i)
        matrix[i] = spec.matrix(i);
      return matrix;
    }
    default:
      return Decorrelated();
  }
}

bool IsInvertible(const Matrix3& matrix) {
  double largest = 0;
  for (double value : matrix) {
    if (!std::isfinite(value)) return false;
    largest = std::max(largest, std::abs(value));
  }
  // Relative to the scale, so that a small and a large basis count alike; 1e-5
  // keeps the way back within f32.
  return largest > 1e-6 && largest < 1e6 &&
         std::abs(Determinant(matrix)) >= 1e-5 * largest * largest * largest;
}

Matrix3 Inverse(const Matrix3& m) {
  const double d = Determinant(m);
  return {(m[4] * m[8] - m[5] * m[7]) / d, (m[2] * m[7] - m[1] * m[8]) / d,
          (m[1] * m[5] - m[2] * m[4]) / d, (m[5] * m[6] - m[3] * m[8]) / d,
          (m[0] * m[8] - m[2] * m[6]) / d, (m[2] * m[3] - m[0] * m[5]) / d,
          (m[3] * m[7] - m[4] * m[6]) / d, (m[1] * m[6] - m[0] * m[7]) / d,
          (m[0] * m[4] - m[1] * m[3]) / d};
}

ColorMap::ColorMap(const v1::ColorSpace& spec, int64_t channels)
    : channels_(channels),
      clip_(spec.squash() == v1::ColorSpace::CLIP),
      matrix_(IsRgb(channels) ? BasisMatrix(spec) : kIdentity) {
  mixes_ = matrix_ != kIdentity;
}

at::Tensor ColorMap::ToImage(const at::Tensor& values) const {
  return ColorFn::apply(values, mixes_, clip_, matrix_);
}

at::Tensor ColorMap::FromImage(const at::Tensor& image) const {
  const at::NoGradGuard no_grad;
  at::Tensor x;
  if (clip_) {
    x = image.clone(at::MemoryFormat::Contiguous);
    AddMean(x, -1);
    if (channels_ == 4) PutAlpha(x, Logit(Alpha(image)));
  } else {
    x = Logit(image);
  }
  return mixes_ ? Mix(Inverse(matrix_), x) : x;
}

at::Tensor ColorMap::FromRgb(const at::Tensor& rgb) const {
  const at::NoGradGuard no_grad;
  return mixes_ ? Mix(Inverse(matrix_), rgb) : rgb;
}

}  // namespace phosphene
