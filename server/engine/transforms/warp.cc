// Moves of pixels on the CPU, as autograd functions over planes.

#include "server/engine/transforms/warp.h"

#include <torch/custom_class.h>

#include <utility>

#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/width.h"
#include "server/engine/transforms/warp_device.h"

namespace phosphene {
namespace {

// A pass over the whole batch: one segment for all rows, or one per row.
struct Pass : torch::CustomClassHolder {
  std::vector<WarpSegment> segments;
  bool is_alpha = false;
  const WarpSegment& row(int64_t n) const {
    return segments[segments.size() == 1 ? 0 : n];
  }
};

// Offset of plane (n, c) and its strides.
struct Planes {
  explicit Planes(const at::Tensor& t)
      : row_stride(t.stride(2)),
        pixel_stride(t.stride(3)),
        image(t.stride(0)),
        channel(t.stride(1)) {}
  int64_t row_stride, pixel_stride, image, channel;
  int64_t offset(int64_t n, int64_t c) const { return n * image + c * channel; }
  void Set(WarpPlane* plane) const {
    plane->row_stride = row_stride;
    plane->pixel_stride = pixel_stride;
  }
};

// Calls kernel(params, segment, n, c, scratch) for each plane.
template <typename Kernel>
void ForEachPlane(const Pass& pass, int64_t n, int64_t c, const Planes& in,
                  const Planes& out, const Kernel& kernel) {
  WideFor(n * c, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch;
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t row = plane / c, channel = plane % c;
      const WarpSegment& segment = pass.row(row);
      WarpParams params =
          segment.Params(pass.is_alpha || (c == 4 && channel == 3));
      in.Set(&params.in);
      out.Set(&params.out);
      const size_t need = WarpScratchSize(params);
      if (scratch.size() < need) scratch.resize(need);
      kernel(params, segment, row, channel, scratch.data());
    }
  });
}

// One pass as an autograd function. Backward is the transpose of the same
// tables: each input pixel gathers from those that read it.
class WarpFunction : public torch::autograd::Function<WarpFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& image,
                            const c10::intrusive_ptr<Pass>& pass) {
    const auto format = image.suggest_memory_format();
    const at::Tensor in = image.contiguous(format);
    const int64_t n = in.size(0), c = in.size(1);
    const WarpSegment& first = pass->segments[0];
    at::Tensor out =
        at::empty({n, c, first.height(), first.width()}, in.options(), format);
    const Planes from(in), to(out);
    const float* source = in.const_data_ptr<float>();
    float* target = out.mutable_data_ptr<float>();
    ForEachPlane(*pass, n, c, from, to,
                 [&](const WarpParams& params, const WarpSegment&, int64_t row,
                     int64_t channel, float* scratch) {
                   WarpForward(params, source + from.offset(row, channel),
                               target + to.offset(row, channel), scratch);
                 });
    ctx->saved_data["pass"] = c10::IValue::make_capsule(pass);
    return out;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const auto capsule = ctx->saved_data["pass"].toCapsule();
    const Pass& pass = static_cast<const Pass&>(*capsule);
    const auto format = grads[0].suggest_memory_format();
    const at::Tensor grad = grads[0].contiguous(format);
    const int64_t n = grad.size(0), c = grad.size(1);
    const WarpSegment& first = pass.segments[0];
    at::Tensor out = at::empty({n, c, first.in_height(), first.in_width()},
                               grad.options(), format);
    const Planes from(out), to(grad);
    const float* source = grad.const_data_ptr<float>();
    float* target = out.mutable_data_ptr<float>();
    ForEachPlane(pass, n, c, from, to,
                 [&](const WarpParams& params, const WarpSegment& segment,
                     int64_t row, int64_t channel, float* scratch) {
                   WarpBackward(params, segment.RowTranspose(),
                                segment.ColumnTranspose(),
                                source + to.offset(row, channel),
                                target + from.offset(row, channel), scratch);
                 });
    return {out, at::Tensor()};
  }
};

}  // namespace

at::Tensor RunWarp(const at::Tensor& image, std::vector<WarpPath> paths,
                   bool is_alpha, StepFeed* feed) {
  TORCH_CHECK(image.dim() == 4 && image.scalar_type() == at::kFloat,
              "a warp needs [N,C,H,W] f32");
  TORCH_CHECK(
      paths.size() == 1 || static_cast<int64_t>(paths.size()) == image.size(0),
      "one path, or one per row");
  if (feed != nullptr || !image.is_cpu())
    return RunWarpTables(image, paths, is_alpha, feed);
  at::Tensor out = image;
  for (size_t s = 0; s < paths[0].segments().size(); ++s) {
    auto pass = c10::make_intrusive<Pass>();
    pass->is_alpha = is_alpha;
    for (WarpPath& path : paths) {
      pass->segments.push_back(std::move(path.segments()[s]));
      WarpSegment& segment = pass->segments.back();
      TORCH_CHECK(segment.in_height() == out.size(2) &&
                      segment.in_width() == out.size(3) &&
                      segment.height() == pass->segments[0].height() &&
                      segment.width() == pass->segments[0].width(),
                  "rows of a batch must stay of one size");
      TORCH_CHECK(segment.height() > 0 && segment.width() > 0,
                  "a transform left no pixels");
      segment.Finish();
    }
    out = WarpFunction::apply(out, pass);
  }
  return out;
}

at::Tensor RunWarps(const at::Tensor& image, const std::vector<WarpStep>& steps,
                    bool is_alpha) {
  bool per_row = false;
  for (const WarpStep& step : steps)
    per_row = per_row || step.transform->per_row();
  std::vector<WarpPath> paths;
  for (int64_t row = 0; row < (per_row ? image.size(0) : 1); ++row) {
    WarpPath path(image.size(2), image.size(3));
    for (const WarpStep& step : steps)
      step.transform->Extend(step.draw, row, &path);
    paths.push_back(std::move(path));
  }
  return RunWarp(image, std::move(paths), is_alpha, steps[0].draw.feed);
}

at::Tensor WarpTransform::Apply(const at::Tensor& image,
                                const TransformDraw& draw) {
  return RunWarps(image, {{this, draw}});
}

at::Tensor WarpTransform::ApplyAlpha(const at::Tensor& alpha,
                                     const TransformDraw& draw) {
  return RunWarps(alpha, {{this, draw}}, true);
}

}  // namespace phosphene
