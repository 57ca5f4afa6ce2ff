// Pooling over regions of a picture (He et al. 2017; Girshick 2015).

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/bilinear.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

struct RegionPool {
  int64_t height = 1, width = 1, sampling = 0;
  double scale = 1, shift = 0;  // of coordinates
  bool aligned = false, largest = false;
};

std::vector<double> ToDoubles(const at::Tensor& t) {
  const at::Tensor flat =
      t.detach().to(at::kCPU, at::kDouble).contiguous().view(-1);
  return std::vector<double>(flat.const_data_ptr<double>(),
                             flat.const_data_ptr<double>() + flat.numel());
}

// Samples of a bin along an axis: as stated, or as many as it has pixels.
int64_t SamplesOf(const RegionPool& p, double length, int64_t bins) {
  if (p.sampling > 0) return p.sampling;
  const double count = std::ceil(length / static_cast<double>(bins));
  TORCH_CHECK(count < 4096, "a region of ", length, " pixels");
  return std::max<int64_t>(static_cast<int64_t>(count), 1);
}

// Positions [bins * samples] along an axis; those off the picture by more than
// a pixel are told in `outside`, the others held inside.
at::Tensor Positions(double begin, double length, int64_t bins, int64_t samples,
                     int64_t size, at::Tensor* outside) {
  const double step =
      length / static_cast<double>(bins) / static_cast<double>(samples);
  const at::Tensor at =
      (at::arange(bins * samples, at::kDouble) + 0.5) * step + begin;
  *outside = at.lt(-1).logical_or_(at.gt(size));
  return at.clamp(0, size - 1);
}

// One region of a picture [1,C,H,W]: [1,C,height,width].
at::Tensor PoolRegion(const RegionPool& p, const at::Tensor& x,
                      const double* corners, Uploads& uploads) {
  const double x1 = corners[0] * p.scale - p.shift,
               y1 = corners[1] * p.scale - p.shift;
  double w = corners[2] * p.scale - p.shift - x1,
         h = corners[3] * p.scale - p.shift - y1;
  if (!p.aligned) w = std::max(w, 1.0), h = std::max(h, 1.0);
  const int64_t down = SamplesOf(p, h, p.height),
                across = SamplesOf(p, w, p.width);
  const int64_t rows = p.height * down, columns = p.width * across;
  CheckSize({x.size(1), rows, columns});
  at::Tensor row_out, column_out;
  const at::Tensor row = Positions(y1, h, p.height, down, x.size(2), &row_out);
  const at::Tensor column =
      Positions(x1, w, p.width, across, x.size(3), &column_out);
  const auto every = [&](const at::Tensor& t, bool is_row) {
    return (is_row ? t.unsqueeze(1) : t.unsqueeze(0))
        .expand({rows, columns})
        .reshape({1, -1});
  };
  const at::Tensor outside =
      every(row_out, true).logical_or(every(column_out, false));
  at::Tensor taps = SampleBilinear(
      x, uploads.Get(every(row, true).to(x.scalar_type()), x.device()),
      uploads.Get(every(column, false).to(x.scalar_type()), x.device()),
      p.largest);
  taps = taps.masked_fill(uploads.Get(outside.unsqueeze(1), x.device()), 0)
             .view({1, x.size(1), p.height, down, p.width, across});
  return p.largest ? taps.amax({3, 5}) : taps.mean({3, 5});
}

}  // namespace

// Inputs x, regions [R,4] of x1, y1, x2, y2, the picture of each.
OpRun PrepareRoiAlign(const OpInit& init) {
  init.NeedInputs(3, 3);
  RegionPool p;
  p.height = init.Int("output_height", 1);
  p.width = init.Int("output_width", 1);
  p.sampling = init.Int("sampling_ratio", 0);
  if (std::min(p.height, p.width) < 1 || std::max(p.height, p.width) > 4096 ||
      p.sampling < 0 || p.sampling > 4096)
    init.Fail("has an output size or sampling_ratio outside of 1..4096");
  p.scale = init.Float("spatial_scale", 1);
  // Before opset 16 nothing was shifted.
  p.aligned = init.opset >= 16 && init.String("coordinate_transformation_mode",
                                              "half_pixel") == "half_pixel";
  p.shift = p.aligned ? 0.5 : 0;
  p.largest = init.String("mode", "avg") == "max";
  const at::Tensor known = init.HostConstant(1);
  return [p, known, uploads = std::make_shared<Uploads>()](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 4 && in[0].numel() > 0 && in[1].dim() == 2 &&
                    in[1].size(1) == 4,
                "pictures of 4 axes and regions [R,4] are needed");
    const std::vector<double> corners =
        ToDoubles(known.defined() ? known : in[1]);
    const std::vector<int64_t> pictures = ToInts(in[2]);
    TORCH_CHECK(static_cast<int64_t>(pictures.size()) == in[1].size(0),
                "a picture for each region is needed");
    CheckSize({in[1].size(0), in[0].size(1), p.height, p.width});
    Tensors out;
    for (size_t i = 0; i < pictures.size(); ++i) {
      out.push_back(PoolRegion(p, in[0].narrow(0, pictures[i], 1),
                               corners.data() + 4 * i, *uploads));
    }
    if (out.empty())
      return Tensors{
          at::zeros({0, in[0].size(1), p.height, p.width}, in[0].options())};
    return Tensors{at::cat(out)};
  };
}

}  // namespace phosphene::onnx
