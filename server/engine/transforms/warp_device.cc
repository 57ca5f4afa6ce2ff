// Moves of pixels by tables, on GPUs and, for replayed steps, on the CPU.

#include "server/engine/transforms/warp_device.h"

#include <torch/custom_class.h>

#include "absl/strings/str_cat.h"
#include "server/engine/cuda/launch.h"
#include "server/engine/tensor/autograd_function.h"

namespace phosphene {
namespace {

// What one pass needs besides the images.
struct TablePass : torch::CustomClassHolder {
  WarpLayout layout;
  at::Tensor tables;  // [1 or N, words] i32 on the image's device
  bool is_alpha = false;

  WarpTables Row(int64_t row, int64_t channel, int64_t channels) const {
    const int64_t block = tables.size(0) == 1 ? 0 : row;
    return WarpTables(layout,
                      tables.const_data_ptr<int32_t>() + block * layout.words,
                      is_alpha || (channels == 4 && channel == 3));
  }
  WarpLaunch Launch(const at::Tensor& image) const {
    WarpLaunch launch;
    launch.layout = layout;
    launch.tables = tables.const_data_ptr<int32_t>();
    launch.per_row = tables.size(0) > 1;
    launch.is_alpha = is_alpha;
    launch.rows = static_cast<int32_t>(image.size(0));
    launch.channels = static_cast<int32_t>(image.size(1));
    launch.device = image.get_device();
    return launch;
  }
};

BatchStrides StridesOf(const at::Tensor& t) {
  return {t.stride(0), t.stride(1), t.stride(2), t.stride(3)};
}

void CheckLaunched(const char* error) {
  TORCH_CHECK(error == nullptr, "a warp on the GPU failed: ", error);
}

// out[n][c][y][x] = pixel(tables, plane of `in`, strides, y, x).
template <typename Pixel>
void ForEachPixel(const TablePass& pass, const at::Tensor& in, at::Tensor& out,
                  const Pixel& pixel) {
  const PlaneStrides strides{in.stride(2), in.stride(3)};
  for (int64_t n = 0; n < out.size(0); ++n) {
    for (int64_t c = 0; c < out.size(1); ++c) {
      const WarpTables tables = pass.Row(n, c, out.size(1));
      const float* from =
          in.const_data_ptr<float>() + n * in.stride(0) + c * in.stride(1);
      float* to =
          out.mutable_data_ptr<float>() + n * out.stride(0) + c * out.stride(1);
      for (int32_t y = 0; y < out.size(2); ++y) {
        for (int32_t x = 0; x < out.size(3); ++x) {
          to[y * out.stride(2) + x * out.stride(3)] =
              pixel(tables, from, strides, y, x);
        }
      }
    }
  }
}

at::Tensor Forward(const TablePass& pass, const at::Tensor& in) {
  const WarpShape& s = pass.layout.shape;
  at::Tensor out =
      at::empty({in.size(0), in.size(1), s.out_height, s.out_width},
                in.options(), in.suggest_memory_format());
  if (in.is_meta()) return out;
  if (in.is_cpu()) {
    ForEachPixel(pass, in, out, WarpPixel);
  } else {
    CheckLaunched(LaunchWarpForward(
        pass.Launch(in), in.const_data_ptr<float>(), StridesOf(in),
        out.mutable_data_ptr<float>(), StridesOf(out)));
  }
  return out;
}

// In two parts where there is a rotation: to the stage, then to the input.
at::Tensor Backward(const TablePass& pass, const at::Tensor& grad) {
  const WarpShape& s = pass.layout.shape;
  const int64_t n = grad.size(0), c = grad.size(1);
  at::Tensor out = at::empty({n, c, s.in_height, s.in_width}, grad.options(),
                             grad.suggest_memory_format());
  at::Tensor stage = grad;
  if (s.taps > 0)
    stage = at::empty({n, c, s.stage_height, s.stage_width}, grad.options());
  if (grad.is_cpu()) {
    if (s.taps > 0) ForEachPixel(pass, grad, stage, WarpStageGradient);
    ForEachPixel(pass, stage, out, WarpInputGradient);
  } else {
    CheckLaunched(
        LaunchWarpBackward(pass.Launch(grad), grad.const_data_ptr<float>(),
                           StridesOf(grad), stage.mutable_data_ptr<float>(),
                           out.mutable_data_ptr<float>(), StridesOf(out)));
  }
  return out;
}

// One pass by tables as an autograd function.
class TableWarpFunction : public torch::autograd::Function<TableWarpFunction> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& image,
                            const c10::intrusive_ptr<TablePass>& pass) {
    ctx->saved_data["pass"] = c10::IValue::make_capsule(pass);
    return Forward(*pass, image.contiguous(image.suggest_memory_format()));
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      torch::autograd::variable_list grads) {
    const auto capsule = ctx->saved_data["pass"].toCapsule();
    const auto& pass = static_cast<const TablePass&>(*capsule);
    const at::Tensor grad =
        grads[0].contiguous(grads[0].suggest_memory_format());
    return {Backward(pass, grad), at::Tensor()};
  }
};

// Rows of a batch share a launch, so their tables must be of one shape.
bool Same(const WarpShape& a, const WarpShape& b) {
  return a.in_height == b.in_height && a.in_width == b.in_width &&
         a.stage_height == b.stage_height && a.stage_width == b.stage_width &&
         a.out_height == b.out_height && a.out_width == b.out_width &&
         a.fill_count == b.fill_count && a.bilinear == b.bilinear &&
         a.taps == b.taps;
}

// What decides the work of a pass: part of the key of a recorded step.
std::string Described(const WarpShape& s) {
  return absl::StrCat("warp ", s.in_height, "x", s.in_width, ">",
                      s.stage_height, "x", s.stage_width, ">", s.out_height,
                      "x", s.out_width, "f", s.fill_count, "b", s.bilinear, "t",
                      s.taps);
}

// [1 or N, words] on the CPU.
at::Tensor Packed(const WarpLayout& layout,
                  const std::vector<const WarpSegment*>& segments) {
  at::Tensor words = at::zeros(
      {static_cast<int64_t>(segments.size()), layout.words}, at::kInt);
  for (size_t row = 0; row < segments.size(); ++row) {
    TORCH_CHECK(Same(segments[row]->Layout().shape, layout.shape),
                "rows of a batch must stay of one size");
    segments[row]->Pack(layout, words.data_ptr<int32_t>() +
                                    static_cast<int64_t>(row) * layout.words);
  }
  return words;
}

}  // namespace

at::Tensor RunWarpTables(const at::Tensor& image,
                         const std::vector<WarpPath>& paths, bool is_alpha,
                         StepFeed* feed) {
  at::Tensor out = image;
  for (size_t s = 0; s < paths[0].segments().size(); ++s) {
    std::vector<const WarpSegment*> segments;
    for (const WarpPath& path : paths) segments.push_back(&path.segments()[s]);
    auto pass = c10::make_intrusive<TablePass>();
    pass->layout = segments[0]->Layout();
    pass->is_alpha = is_alpha;
    const WarpShape& shape = pass->layout.shape;
    TORCH_CHECK(shape.in_height == out.size(2) && shape.in_width == out.size(3),
                "rows of a batch must stay of one size");
    TORCH_CHECK(shape.out_height > 0 && shape.out_width > 0,
                "a transform left no pixels");
    pass->tables = FeedTo(feed, Packed(pass->layout, segments), image.device(),
                          Described(shape));
    out = TableWarpFunction::apply(out, pass);
  }
  return out;
}

}  // namespace phosphene
