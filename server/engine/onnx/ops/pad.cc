// Operators that cut or widen the borders of a tensor, or sample it at points.

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/select.h"

namespace phosphene::onnx {
namespace {

// Index in 0..size-1 that a padded position takes its value from.
int64_t SourceOf(const std::string& mode, int64_t at, int64_t size) {
  if (mode == "edge") return std::clamp<int64_t>(at, 0, size - 1);
  if (mode == "wrap") return ((at % size) + size) % size;
  // reflect: the border is not repeated, so the period is 2 (size - 1).
  if (size == 1) return 0;
  const int64_t period = 2 * (size - 1);
  const int64_t phase = ((at % period) + period) % period;
  return phase < size ? phase : period - phase;
}

at::Tensor PadAxis(const at::Tensor& x, int64_t axis, int64_t before,
                   int64_t after, const std::string& mode, Uploads& uploads) {
  const int64_t size = x.size(axis);
  TORCH_CHECK(size > 0, "an empty axis cannot be padded by its own values");
  std::vector<int64_t> index;
  for (int64_t at = -before; at < size + after; ++at)
    index.push_back(SourceOf(mode, at, size));
  return SelectAlong(x, axis, at::tensor(index, at::kLong), uploads);
}

at::Tensor Pad(const at::Tensor& x, const std::vector<int64_t>& pads,
               std::vector<int64_t> axes, const std::string& mode,
               const at::Scalar& value, Uploads& uploads) {
  if (axes.empty()) {
    for (int64_t i = 0; i < x.dim(); ++i) axes.push_back(i);
  }
  const size_t count = axes.size();
  TORCH_CHECK(pads.size() == 2 * count, pads.size(), " pads where ", 2 * count,
              " are needed");
  std::vector<int64_t> shape = x.sizes().vec();
  for (size_t i = 0; i < count; ++i) {
    axes[i] = WrapAxis(axes[i], x.dim());
    constexpr int64_t kMax = int64_t{1} << 31;
    for (int64_t pad : {pads[i], pads[i + count]}) {
      TORCH_CHECK(pad > -kMax && pad < kMax, "a pad of ", pad);
    }
    shape[axes[i]] += pads[i] + pads[i + count];
  }
  CheckSize(shape);
  if (mode == "constant") {
    // ATen lists pads from the last axis on.
    std::vector<int64_t> list(2 * x.dim(), 0);
    for (size_t i = 0; i < count; ++i) {
      list[2 * (x.dim() - 1 - axes[i])] = pads[i];
      list[2 * (x.dim() - 1 - axes[i]) + 1] = pads[i + count];
    }
    return at::constant_pad_nd(x, list, value);
  }
  at::Tensor out = x;
  for (size_t i = 0; i < count; ++i) {
    if (pads[i] != 0 || pads[i + count] != 0)
      out = PadAxis(out, axes[i], pads[i], pads[i + count], mode, uploads);
  }
  return out;
}

}  // namespace

OpRun PreparePad(const OpInit& init) {
  init.NeedInputs(1, 4);
  const std::string mode = init.String("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" &&
      mode != "wrap") {
    init.Fail("has a mode other than constant, reflect, edge and wrap");
  }
  const std::vector<int64_t> stated = init.Ints("pads");
  at::Scalar value = init.Float("value", 0);
  const at::Tensor known = init.HostConstant(2);
  const bool is_known = known.defined() && known.numel() > 0;
  if (is_known) value = known.item();
  return [mode, stated, value, is_known,
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const std::vector<int64_t> pads =
        Optional(in, 1).defined() ? ToInts(in[1]) : stated;
    const bool computed =
        !is_known && Optional(in, 2).defined() && in[2].numel() > 0;
    const std::vector<int64_t> axes =
        Optional(in, 3).defined() ? ToInts(in[3]) : std::vector<int64_t>();
    const auto padded = [&](const at::Tensor& x, const at::Scalar& fill) {
      return Pad(x, pads, axes, mode, fill, *uploads);
    };
    if (!computed || in[2].is_cpu())
      return Tensors{padded(in[0], computed ? in[2].item() : value)};
    // A number that a device computed is not read, which would wait for it.
    const at::Tensor inside =
        padded(at::ones_like(in[0], in[0].options().dtype(at::kBool)), 0);
    return Tensors{at::where(inside, padded(in[0], 0), in[2].reshape({}))};
  };
}

// Cut or padded with zeros to the sizes asked for, about the centre.
OpRun PrepareCenterCropPad(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [stated = init.Ints("axes"),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const std::vector<int64_t> sizes = ToInts(in[1]);
    std::vector<int64_t> axes = stated;
    for (int64_t i = 0; stated.empty() && i < in[0].dim(); ++i)
      axes.push_back(i);
    TORCH_CHECK(axes.size() == sizes.size(),
                "as many sizes as axes are needed");
    std::vector<int64_t> pads(2 * axes.size());
    for (size_t i = 0; i < axes.size(); ++i) {
      CheckSize({sizes[i]});
      const int64_t missing =
          sizes[i] - in[0].size(WrapAxis(axes[i], in[0].dim()));
      // Odd pixels: padding puts the larger half behind, cropping cuts it
      // there.
      const int64_t before = missing >= 0 ? missing / 2 : -((-missing) / 2);
      pads[i] = before;
      pads[i + axes.size()] = missing - before;
    }
    return Tensors{Pad(in[0], pads, axes, "constant", 0, *uploads)};
  };
}

// Values at points -1..1 of a grid, as torch.nn.functional.grid_sample.
OpRun PrepareGridSample(const OpInit& init) {
  init.NeedInputs(2, 2);
  const std::string mode = init.String("mode", "linear"),
                    padding = init.String("padding_mode", "zeros");
  // ATen's numbers of the modes.
  const int64_t interpolation = mode == "nearest"                      ? 1
                                : mode == "cubic" || mode == "bicubic" ? 2
                                                                       : 0;
  const int64_t border = padding == "border"       ? 1
                         : padding == "reflection" ? 2
                                                   : 0;
  return [=, corners = init.Flag("align_corners", false)](const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 4 || in[0].dim() == 5,
                "an input of 4 or 5 axes is needed");
    if (in[0].dim() == 4) {
      return Tensors{
          at::grid_sampler_2d(in[0], in[1], interpolation, border, corners)};
    }
    TORCH_CHECK(interpolation != 2, "cubic sampling of volumes is not built");
    return Tensors{
        at::grid_sampler_3d(in[0], in[1], interpolation, border, corners)};
  };
}

// Points for GridSample from matrices [N,2,3] or [N,3,4] and the output's size.
OpRun PrepareAffineGrid(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [corners = init.Flag("align_corners", false)](const Tensors& in) {
    const std::vector<int64_t> size = ToInts(in[1]);
    TORCH_CHECK(size.size() == 4 || size.size() == 5,
                "a size of 4 or 5 axes is needed");
    CheckSize(size);
    std::vector<int64_t> own = size;
    own[0] = in[0].size(0);
    return Tensors{at::affine_grid_generator(in[0], own, corners)};
  };
}

// The first lengths[r] entries of row r back to front.
OpRun PrepareReverseSequence(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [time = init.Int("time_axis", 0),
          batch = init.Int("batch_axis", 1)](const Tensors& in) {
    const std::vector<int64_t> lengths = ToInts(in[1]);
    TORCH_CHECK(in[0].dim() >= 2 && time + batch == 1 && time * batch == 0,
                "axes 0 and 1 are needed");
    TORCH_CHECK(static_cast<int64_t>(lengths.size()) == in[0].size(batch),
                "a length for each row is needed");
    Tensors rows;
    for (size_t i = 0; i < lengths.size(); ++i) {
      const at::Tensor row = in[0].select(batch, static_cast<int64_t>(i));
      TORCH_CHECK(lengths[i] >= 0 && lengths[i] <= row.size(0), "a length of ",
                  lengths[i]);
      rows.push_back(at::cat(
          {row.slice(0, 0, lengths[i]).flip(0), row.slice(0, lengths[i])}));
    }
    return Tensors{at::stack(rows, batch)};
  };
}

}  // namespace phosphene::onnx
