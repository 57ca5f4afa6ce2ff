// A small network from coordinates to colour, of no resolution. Source: lucid
// xy2rgb notebook.
#include <algorithm>
#include <utility>

#include "server/engine/params/color.h"
#include "server/engine/params/cppn_grid.h"
#include "server/engine/params/cppn_net.h"
#include "server/engine/params/interface.h"
#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

using Cppn = v1::CppnParameterization;

constexpr int kDefaultDepth = 8;
constexpr int kDefaultHidden = 24;

// Pixels of a tile: its hidden layers (48 x 4096 floats) stay in a core's
// cache. Fixed, so that sums do not depend on the number of threads.
constexpr int64_t kTile = 4096;
// On a GPU, where a launch costs more than a cache miss.
constexpr int64_t kDeviceTile = 1 << 20;
// Gradients of tiles are summed in at most this many shares, in order.
constexpr int64_t kShares = 64;
// Pixels rendered and coloured at a time, which bounds memory at any size.
constexpr int64_t kBand = 1 << 20;

// One evaluation: a network and the grid of every row. Kept by autograd from
// forward to backward.
struct CppnCall : torch::CustomClassHolder {
  explicit CppnCall(const CppnShape& shape) : net(shape) {}

  int64_t pixels() const { return grids[0].pixels(); }

  // Pixels of a tile. Normalization is over the whole canvas: one tile, unless
  // its statistics are known.
  int64_t Tile(bool known_statistics) const {
    if (net.shape().normalize && !known_statistics) return pixels();
    return device.is_cpu() ? kTile : kDeviceTile;
  }

  // Calls fn(i) for i < count: on the CPU's threads, or in order on a GPU's
  // stream.
  void Run(int64_t count, const std::function<void(int64_t)>& fn) const {
    if (device.is_cpu()) return EachAlone(count, fn);
    for (int64_t i = 0; i < count; ++i) fn(i);
  }

  CppnNet net;
  std::vector<CppnGrid> grids;  // one a row
  at::Device device = at::kCPU;
};

// Each row of `weights` in memory of its own: alignment, which may matter to
// the bits of a product, is then the same for every row.
std::vector<at::Tensor> Rows(const at::Tensor& weights) {
  std::vector<at::Tensor> rows;
  for (const at::Tensor& row : weights.detach().unbind(0))
    rows.push_back(row.clone());
  return rows;
}

// Values of pixels begin..end-1 of every row: [rows,outputs,end-begin].
// `statistics`, one a row, are used or, when empty, filled in.
at::Tensor Evaluate(const CppnCall& call,
                    const std::vector<at::Tensor>& weights, int64_t begin,
                    int64_t end, std::vector<CppnStatistics>* statistics) {
  const auto rows = static_cast<int64_t>(weights.size());
  const int64_t tile = call.Tile(!(*statistics)[0].empty());
  const int64_t tiles = (end - begin + tile - 1) / tile;
  at::Tensor out = at::empty({rows, call.net.shape().outputs, end - begin},
                             weights[0].options());
  call.Run(rows * tiles, [&](int64_t i) {
    const int64_t row = i / tiles, from = begin + i % tiles * tile;
    const int64_t to = std::min(from + tile, end);
    const at::Tensor features =
        call.grids[row].Features(from, to).to(call.device);
    out[row]
        .narrow(1, from - begin, to - from)
        .copy_(call.net.Forward(weights[row], features, &(*statistics)[row]));
  });
  return out;
}

// weights [rows,n] -> values [rows,outputs,pixels]; memory is a few tiles a
// thread, whatever the canvas.
class CppnFn : public torch::autograd::Function<CppnFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& weights,
                            const c10::intrusive_ptr<CppnCall>& call) {
    ctx->save_for_backward({weights});
    ctx->saved_data["call"] = at::IValue::make_capsule(call);
    std::vector<CppnStatistics> statistics(weights.size(0));
    return Evaluate(*call, Rows(weights), 0, call->pixels(), &statistics);
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const auto call = c10::static_intrusive_pointer_cast<CppnCall>(
        ctx->saved_data["call"].toCapsule());
    const std::vector<at::Tensor> weights = Rows(ctx->get_saved_variables()[0]);
    const at::Tensor grad = grads[0].detach();
    const int64_t rows = grad.size(0), pixels = grad.size(2);
    const int64_t tile = call->Tile(/*known_statistics=*/false);
    const int64_t tiles = (pixels + tile - 1) / tile;
    const int64_t shares = std::min(tiles, kShares);
    at::Tensor parts =
        at::zeros({rows, shares, call->net.weight_count()}, grad.options());
    call->Run(rows * shares, [&](int64_t i) {
      const int64_t row = i / shares, share = i % shares;
      at::Tensor sum = parts[row][share];
      for (int64_t t = share * tiles / shares; t < (share + 1) * tiles / shares;
           ++t) {
        const int64_t from = t * tile, to = std::min(from + tile, pixels);
        const at::Tensor features =
            call->grids[row].Features(from, to).to(call->device);
        const at::Tensor g = grad[row]
                                 .narrow(1, from, to - from)
                                 .clone(at::MemoryFormat::Contiguous);
        sum.add_(call->net.Backward(weights[row], features, g));
      }
    });
    at::Tensor total = parts.select(1, 0).clone();
    for (int64_t share = 1; share < shares; ++share)
      total.add_(parts.select(1, share));
    return {total, {}};
  }
};

// A network a row from pixel coordinates to colour.
class CppnParam : public Param {
 public:
  CppnParam(const CppnShape& shape, bool periodic, const v1::ColorSpace& color,
            const ParamContext& context)
      : shape_(shape),
        periodic_(periodic),
        canvas_(context.canvas),
        seed_(context.seed),
        device_(context.device),
        color_(color, context.canvas.channels) {
    const CppnNet net(shape);
    at::Tensor weights =
        at::empty({canvas_.rows, net.weight_count()}, at::kFloat);
    for (int64_t row = 0; row < canvas_.rows; ++row) {
      const Rng rng(RowSeed(seed_, row), RngStream::kInit);
      const at::Tensor start = rng.NormalTensor({net.weight_count()});
      net.ScaleStart(start);
      weights[row].copy_(start);
    }
    weights_ = weights.to(device_).requires_grad_();
  }

  std::vector<ParamTensor> Tensors() override {
    return {{"weights", weights_}};
  }

  at::Tensor Image(int64_t step) override {
    const at::Tensor values =
        CppnFn::apply(weights_, Call(canvas_.height, canvas_.width, step));
    return color_.ToImage(values.view(
        {canvas_.rows, canvas_.channels, canvas_.height, canvas_.width}));
  }

  at::Tensor Render(int64_t height, int64_t width) override {
    const at::NoGradGuard no_grad;
    if (height == canvas_.height && width == canvas_.width)
      return Image(kNoStep);
    return RenderLines(height, width, 0, height);
  }

  // Pixels are independent of each other: any lines of any size.
  at::Tensor RenderLines(int64_t height, int64_t width, int64_t begin,
                         int64_t end) override {
    const at::NoGradGuard no_grad;
    const std::vector<at::Tensor> weights = Rows(weights_);
    const auto call = Call(height, width, kNoStep);
    std::vector<CppnStatistics> statistics = CanvasStatistics(weights);
    at::Tensor image =
        at::empty({canvas_.rows, canvas_.channels, end - begin, width},
                  weights_.options());
    const at::Tensor flat = image.detach().flatten(2);
    const int64_t first = begin * width, last = end * width;
    for (int64_t from = first; from < last; from += kBand) {
      const int64_t to = std::min(from + kBand, last);
      const at::Tensor values = Evaluate(*call, weights, from, to, &statistics);
      flat.narrow(2, from - first, to - from)
          .copy_(color_.ToImage(values.unsqueeze(2)).squeeze(2));
    }
    return image;
  }
  bool renders_in_parts() const override { return true; }

  absl::Status SetImage(const at::Tensor& image) override {
    return absl::UnimplementedError(
        "the cppn parameterization cannot start from an image: no weights are "
        "known to give it");
  }

 private:
  static constexpr int64_t kNoStep =
      -1;  // a picture outside the run: no offset

  c10::intrusive_ptr<CppnCall> Call(int64_t height, int64_t width,
                                    int64_t step) const {
    auto call = c10::make_intrusive<CppnCall>(shape_);
    call->device = device_;
    for (int64_t row = 0; row < canvas_.rows; ++row) {
      if (!periodic_) {
        call->grids.push_back(
            CppnGrid::Plane(height, width, canvas_.height, canvas_.width));
        continue;
      }
      Rng rng(RowSeed(seed_, row), RngStream::kParam,
              std::max<int64_t>(step, 0));
      const double x = step == kNoStep ? 0 : rng.Uniform();
      const double y = step == kNoStep ? 0 : rng.Uniform();
      call->grids.push_back(
          CppnGrid::Torus(height, width, canvas_.height, canvas_.width, x, y));
    }
    return call;
  }

  // Normalization belongs to the canvas: another size uses its statistics.
  std::vector<CppnStatistics> CanvasStatistics(
      const std::vector<at::Tensor>& weights) const {
    std::vector<CppnStatistics> statistics(canvas_.rows);
    if (!shape_.normalize) return statistics;
    const auto call = Call(canvas_.height, canvas_.width, kNoStep);
    Evaluate(*call, weights, 0, call->pixels(), &statistics);
    return statistics;
  }

  const CppnShape shape_;
  const bool periodic_;
  const Canvas canvas_;
  const uint64_t seed_;
  const at::Device device_;
  const ColorMap color_;
  at::Tensor weights_;  // [rows,weight_count] f32
};

absl::StatusOr<std::unique_ptr<Param>> MakeCppn(
    const v1::Parameterization& spec, const ParamContext& context) {
  const Cppn& cppn = spec.cppn();
  CppnShape shape;
  shape.inputs = cppn.periodic() ? 4 : 2;
  shape.hidden =
      cppn.hidden_channels() == 0 ? kDefaultHidden : cppn.hidden_channels();
  shape.depth = cppn.depth() == 0 ? kDefaultDepth : cppn.depth();
  shape.outputs = context.canvas.channels;
  shape.normalize = cppn.normalize();
  if (cppn.activation() != Cppn::ACTIVATION_UNSPECIFIED)
    shape.activation = cppn.activation();
  // The notebook's network gives RGB itself; a basis is used where asked for.
  v1::ColorSpace color = spec.color();
  if (color.basis() == v1::ColorSpace::BASIS_UNSPECIFIED)
    color.set_basis(v1::ColorSpace::RGB);
  return std::make_unique<CppnParam>(shape, cppn.periodic(), color, context);
}

std::string WhyNotReplayed(const v1::Parameterization& spec) {
  return "it works in parts that the host chooses";
}

}  // namespace

const ParamKind& CppnKind() {
  static const ParamKind kind = {
      .arm = "cppn", .make = MakeCppn, .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
