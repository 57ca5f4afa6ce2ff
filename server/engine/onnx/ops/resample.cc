// Resize and its older form Upsample, and moves between channels and space.

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/select.h"

namespace phosphene::onnx {
namespace {

struct Resampling {
  enum Mode { kNearest, kLinear, kCubic } mode = kNearest;
  std::string coordinates = "half_pixel";
  std::string nearest = "round_prefer_floor";
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation = 0;
  std::vector<int64_t> axes;
  std::string aspect = "stretch";
};

// One axis: sizes, the scale as stated (not out/in), and the region for
// tf_crop_and_resize.
struct Axis {
  int64_t in = 1, out = 1;
  double scale = 1;
  double roi_begin = 0, roi_end = 1;
};

// Position in the input, in pixels, of output pixel i, in single precision as
// ONNX Runtime computes it: which pixel is the nearest hangs on its rounding.
float SourceOf(const Resampling& r, const Axis& a, int64_t i) {
  const auto x = static_cast<float>(i), in = static_cast<float>(a.in),
             out = static_cast<float>(a.out),
             scale = static_cast<float>(a.scale);
  if (r.coordinates == "asymmetric") return x / scale;
  if (r.coordinates == "align_corners")
    return a.out == 1 ? 0 : x * (in - 1) / (out - 1);
  if (r.coordinates == "pytorch_half_pixel")
    return a.out == 1 ? 0 : (x + 0.5F) / scale - 0.5F;
  if (r.coordinates == "tf_half_pixel_for_nn") return (x + 0.5F) / scale;
  if (r.coordinates == "half_pixel_symmetric") {
    // The output is centred on the input even when its size was rounded.
    const float adjustment = out / (scale * in);
    const float centre = in / 2, offset = centre * (1 - adjustment);
    return offset + (x + 0.5F) / scale - 0.5F;
  }
  if (r.coordinates == "tf_crop_and_resize") {
    const auto begin = static_cast<float>(a.roi_begin),
               end = static_cast<float>(a.roi_end);
    if (a.out == 1) return 0.5F * (begin + end) * (in - 1);
    return begin * (in - 1) + x * (end - begin) * (in - 1) / (out - 1);
  }
  return (x + 0.5F) / scale - 0.5F;
}

// Rounding as nearest_mode says; round_prefer_floor by default.
int64_t NearestOf(const Resampling& r, float source) {
  if (r.nearest == "floor") return static_cast<int64_t>(std::floor(source));
  if (r.nearest == "ceil") return static_cast<int64_t>(std::ceil(source));
  if (r.nearest == "round_prefer_ceil")
    return static_cast<int64_t>(std::floor(source + 0.5F));
  return static_cast<int64_t>(std::ceil(source - 0.5F));
}

// Keys' cubic convolution kernel.
double Cubic(double x, double a) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

double KernelAt(const Resampling& r, double distance) {
  return r.mode == Resampling::kCubic ? Cubic(distance, r.cubic_a)
                                      : std::max(1 - std::abs(distance), 0.0);
}

// Adds the weights of output pixel i over the input pixels to a row.
void AddTaps(const Resampling& r, const Axis& a, int64_t i, double* row) {
  const float source = SourceOf(r, a, i);
  const auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at, 0, a.in - 1);
  };
  if (r.mode == Resampling::kNearest) {
    row[clamp(NearestOf(r, source))] += 1;
    return;
  }
  // A shrinking antialiased kernel is as much wider as the picture gets
  // smaller.
  const double stretch = r.antialias ? std::max(1 / a.scale, 1.0) : 1;
  const double reach = (r.mode == Resampling::kCubic ? 2 : 1) * stretch;
  const int64_t first = static_cast<int64_t>(std::floor(source - reach)),
                last = static_cast<int64_t>(std::ceil(source + reach));
  double sum = 0;
  for (int64_t at = first; at <= last; ++at) {
    if (r.exclude_outside && clamp(at) != at) continue;
    const double weight =
        KernelAt(r, (static_cast<double>(at) - source) / stretch);
    row[clamp(at)] += weight;
    sum += weight;
  }
  for (int64_t at = 0; sum != 0 && at < a.in; ++at) row[at] /= sum;
}

// The matrix of taps of an axis [out,in].
at::Tensor Taps(const Resampling& r, const Axis& a) {
  at::Tensor taps = at::zeros({a.out, a.in}, at::kDouble);
  for (int64_t i = 0; i < a.out; ++i)
    AddTaps(r, a, i, taps.data_ptr<double>() + i * a.in);
  return taps;
}

// Whether each position lies outside of the picture. [out]
at::Tensor Outside(const Resampling& r, const Axis& a) {
  at::Tensor outside = at::zeros({a.out}, at::kBool);
  for (int64_t i = 0; i < a.out; ++i) {
    const float source = SourceOf(r, a, i);
    outside.data_ptr<bool>()[i] =
        source < 0 || source > static_cast<float>(a.in - 1);
  }
  return outside;
}

// x resampled along an axis, as a product with a matrix of taps. Matrices are
// kept on a device by what they depend on, and which of two they are.
at::Tensor ResampleAxis(const Resampling& r, const Axis& a, const at::Tensor& x,
                        int64_t axis, Uploads& uploads) {
  CheckSize({a.out, a.in});
  const auto table = [&](at::ScalarType type,
                         const std::function<at::Tensor()>& make) {
    const std::vector<double> key = {static_cast<double>(a.in),
                                     static_cast<double>(a.out),
                                     a.scale,
                                     a.roi_begin,
                                     a.roi_end,
                                     static_cast<double>(type)};
    return uploads.Made(key, x.device(), make);
  };
  at::Tensor y;
  if (r.mode == Resampling::kNearest) {
    y = SelectAlong(x, axis, Taps(r, a).argmax(1), uploads);
  } else {
    const at::ScalarType type =
        at::isFloatingType(x.scalar_type()) ? x.scalar_type() : at::kDouble;
    const at::Tensor matrix = table(type, [&] { return Taps(r, a).to(type); });
    y = at::matmul(x.to(type).movedim(axis, -1), matrix.t())
            .movedim(-1, axis)
            .to(x.scalar_type());
  }
  if (r.coordinates != "tf_crop_and_resize") return y;
  std::vector<int64_t> shape(x.dim(), 1);
  shape[axis] = a.out;
  const at::Tensor outside = table(at::kBool, [&] { return Outside(r, a); });
  return y.masked_fill(outside.view(shape), r.extrapolation);
}

// Output sizes and scales for the axes resized. `aspect` keeps the ratio of
// sides: the largest picture inside of, or the smallest around, the sizes.
void FromSizes(const Resampling& r, std::vector<int64_t> sizes,
               std::vector<Axis>* axes) {
  if (r.aspect == "stretch") {
    for (size_t i = 0; i < axes->size(); ++i) {
      (*axes)[i].out = sizes[i];
      (*axes)[i].scale =
          static_cast<double>(sizes[i]) / static_cast<double>((*axes)[i].in);
    }
    return;
  }
  double scale = r.aspect == "not_larger" ? INFINITY : 0;
  for (size_t i = 0; i < axes->size(); ++i) {
    const double own =
        static_cast<double>(sizes[i]) / static_cast<double>((*axes)[i].in);
    scale =
        r.aspect == "not_larger" ? std::min(scale, own) : std::max(scale, own);
  }
  for (Axis& axis : *axes) {
    axis.scale = scale;
    axis.out = static_cast<int64_t>(
        std::floor(scale * static_cast<double>(axis.in) + 0.5));
  }
}

std::vector<double> ToDoubles(const at::Tensor& t) {
  const at::Tensor flat = t.to(at::kCPU, at::kDouble).contiguous().view(-1);
  return std::vector<double>(flat.const_data_ptr<double>(),
                             flat.const_data_ptr<double>() + flat.numel());
}

bool Given(const at::Tensor& t) { return t.defined() && t.numel() > 0; }

at::Tensor Resize(const Resampling& r, const at::Tensor& x,
                  const at::Tensor& roi, const at::Tensor& scales,
                  const at::Tensor& sizes, Uploads& uploads) {
  std::vector<int64_t> along = r.axes;
  for (int64_t i = 0; r.axes.empty() && i < x.dim(); ++i) along.push_back(i);
  std::vector<Axis> axes(along.size());
  const bool has_roi =
      Given(roi) && roi.numel() == 2 * static_cast<int64_t>(along.size());
  const std::vector<double> region =
      has_roi ? ToDoubles(roi) : std::vector<double>();
  for (size_t i = 0; i < along.size(); ++i) {
    along[i] = WrapAxis(along[i], x.dim());
    axes[i].in = x.size(along[i]);
    if (has_roi)
      axes[i].roi_begin = region[i], axes[i].roi_end = region[i + along.size()];
  }
  if (Given(sizes)) {
    TORCH_CHECK(sizes.numel() == static_cast<int64_t>(axes.size()),
                "as many sizes as axes are needed");
    FromSizes(r, ToInts(sizes), &axes);
  } else {
    TORCH_CHECK(
        Given(scales) && scales.numel() == static_cast<int64_t>(axes.size()),
        "as many scales as axes are needed");
    const std::vector<double> factors = ToDoubles(scales);
    for (size_t i = 0; i < axes.size(); ++i) {
      TORCH_CHECK(factors[i] > 0 && factors[i] < 65536, "a scale of ",
                  factors[i]);
      const double region_size = r.coordinates == "tf_crop_and_resize"
                                     ? axes[i].roi_end - axes[i].roi_begin
                                     : 1;
      axes[i].scale = factors[i];
      axes[i].out = static_cast<int64_t>(std::floor(
          static_cast<double>(axes[i].in) * region_size * factors[i]));
    }
  }
  at::Tensor y = x;
  for (size_t i = 0; i < axes.size(); ++i) {
    TORCH_CHECK(axes[i].in >= 1 && axes[i].out >= 1, "an axis of ", axes[i].in,
                " pixels would keep ", axes[i].out);
    if (axes[i].in != axes[i].out || axes[i].scale != 1)
      y = ResampleAxis(r, axes[i], y, along[i], uploads);
  }
  return y;
}

void CheckOneOf(const OpInit& init, const char* attribute,
                const std::string& value,
                const std::set<std::string>& allowed) {
  if (allowed.count(value) == 0) {
    init.Fail(absl::StrCat("has ", attribute, " \"", value.substr(0, 64),
                           "\", which is not built"));
  }
}

Resampling ReadResampling(const OpInit& init) {
  Resampling r;
  const std::string mode = init.String("mode", "nearest");
  CheckOneOf(init, "mode", mode,
             {"nearest", "linear", "bilinear", "trilinear", "cubic"});
  r.mode = mode == "nearest" ? Resampling::kNearest
           : mode == "cubic" ? Resampling::kCubic
                             : Resampling::kLinear;
  // Opset 10 knew one way only.
  const bool old = init.opset < 11;
  r.coordinates = init.String("coordinate_transformation_mode",
                              old ? "asymmetric" : "half_pixel");
  CheckOneOf(init, "coordinate_transformation_mode", r.coordinates,
             {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",
              "align_corners", "asymmetric", "tf_half_pixel_for_nn",
              "tf_crop_and_resize"});
  r.nearest = init.String("nearest_mode", old ? "floor" : "round_prefer_floor");
  CheckOneOf(init, "nearest_mode", r.nearest,
             {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  r.aspect = init.String("keep_aspect_ratio_policy", "stretch");
  CheckOneOf(init, "keep_aspect_ratio_policy", r.aspect,
             {"stretch", "not_larger", "not_smaller"});
  r.cubic_a = init.Float("cubic_coeff_a", -0.75);
  r.exclude_outside = init.Flag("exclude_outside", false);
  r.antialias = init.Flag("antialias", false);
  r.extrapolation = init.Float("extrapolation_value", 0);
  r.axes = init.Ints("axes");
  return r;
}

}  // namespace

OpRun PrepareResize(const OpInit& init) {
  init.NeedInputs(1, 4);
  // Opset 10: x, scales. Later: x, roi, scales, sizes.
  const bool old = init.opset < 11;
  const Tensors known = {at::Tensor(), init.HostConstant(1),
                         init.HostConstant(2), init.HostConstant(3)};
  return [r = ReadResampling(init), old, known,
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const auto input = [&](size_t i) {
      return known[i].defined() ? known[i] : Optional(in, i);
    };
    if (old) return Tensors{Resize(r, in[0], {}, input(1), {}, *uploads)};
    return Tensors{Resize(r, in[0], input(1), input(2), input(3), *uploads)};
  };
}

// Resize as it was before opset 10.
OpRun PrepareUpsample(const OpInit& init) {
  init.NeedInputs(1, 2);
  Resampling r = ReadResampling(init);
  r.coordinates = "asymmetric";
  r.nearest = "floor";
  const std::vector<double> stated = init.Floats("scales");
  at::Tensor known = init.HostConstant(1);
  if (!init.HasInput(1)) known = at::tensor(stated, at::kDouble);
  return [r, known, uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor& scales = known.defined() ? known : in[1];
    return Tensors{Resize(r, in[0], {}, scales, {}, *uploads)};
  };
}

// Blocks of channels become blocks of pixels; DCR and CRD say which factor of
// the channel number is the block's.
OpRun PrepareDepthToSpace(const OpInit& init) {
  init.NeedInputs(1, 1);
  const int64_t block = init.Int("blocksize", 0);
  if (block < 1 || block > 1024)
    init.Fail("has a blocksize outside of 1..1024");
  const bool depth_first = init.String("mode", "DCR") == "DCR";
  return [block, depth_first](const Tensors& in) {
    const at::Tensor& x = in[0];
    TORCH_CHECK(x.dim() == 4 && x.size(1) % (block * block) == 0,
                "channels of ", x.sizes(), " do not divide by ", block * block);
    const int64_t n = x.size(0), c = x.size(1) / (block * block), h = x.size(2),
                  w = x.size(3);
    const at::Tensor parts =
        depth_first
            ? x.reshape({n, block, block, c, h, w}).permute({0, 3, 4, 1, 5, 2})
            : x.reshape({n, c, block, block, h, w}).permute({0, 1, 4, 2, 5, 3});
    return Tensors{parts.reshape({n, c, h * block, w * block})};
  };
}

OpRun PrepareSpaceToDepth(const OpInit& init) {
  init.NeedInputs(1, 1);
  const int64_t block = init.Int("blocksize", 0);
  if (block < 1 || block > 1024)
    init.Fail("has a blocksize outside of 1..1024");
  return [block](const Tensors& in) {
    const at::Tensor& x = in[0];
    TORCH_CHECK(
        x.dim() == 4 && x.size(2) % block == 0 && x.size(3) % block == 0,
        "sides of ", x.sizes(), " do not divide by ", block);
    const int64_t n = x.size(0), c = x.size(1), h = x.size(2) / block,
                  w = x.size(3) / block;
    return Tensors{x.reshape({n, c, h, block, w, block})
                       .permute({0, 3, 5, 1, 2, 4})
                       .reshape({n, c * block * block, h, w})};
  };
}

}  // namespace phosphene::onnx
