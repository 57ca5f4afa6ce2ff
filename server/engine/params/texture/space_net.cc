// A small network from positions in space to colour.
#include "server/engine/params/texture/space_net.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "server/engine/tensor/autograd_function.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

// Points of a tile: its hidden layers stay in a core's cache. Fixed, so that
// sums do not depend on the number of threads.
constexpr int64_t kTile = 4096;
// On a GPU, where a launch costs more than a cache miss.
constexpr int64_t kDeviceTile = 1 << 20;

struct Tiles {
  Tiles(const at::Tensor& positions)
      : points(positions.size(1)),
        size(positions.is_cpu() ? kTile : kDeviceTile),
        count((points + size - 1) / size),
        on_cpu(positions.is_cpu()) {}
  void Run(const std::function<void(int64_t, int64_t, int64_t)>& fn) const {
    const auto one = [&](int64_t i) {
      fn(i, i * size, std::min(points, (i + 1) * size));
    };
    if (on_cpu) return EachAlone(count, one);
    for (int64_t i = 0; i < count; ++i) one(i);
  }

  const int64_t points;
  const int64_t size;
  const int64_t count;
  const bool on_cpu;
};

// Contiguous, in memory of its own.
at::Tensor Part(const at::Tensor& all, int64_t from, int64_t to) {
  return all.narrow(1, from, to - from).clone(at::MemoryFormat::Contiguous);
}

struct SpaceCall : torch::CustomClassHolder {
  explicit SpaceCall(const CppnShape& shape) : net(shape) {}
  CppnNet net;
};

class SpaceFn : public torch::autograd::Function<SpaceFn> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* ctx,
                            const at::Tensor& weights,
                            const at::Tensor& positions,
                            const c10::intrusive_ptr<SpaceCall>& call) {
    ctx->save_for_backward({weights, positions});
    ctx->saved_data["call"] = at::IValue::make_capsule(call);
    const at::Tensor own = weights.detach();
    at::Tensor out = at::empty({call->net.shape().outputs, positions.size(1)},
                               positions.options());
    const Tiles tiles(positions);
    tiles.Run([&](int64_t i, int64_t from, int64_t to) {
      const at::NoGradGuard no_grad;
      CppnStatistics none;
      out.narrow(1, from, to - from)
          .copy_(call->net.Forward(own, Part(positions, from, to), &none));
    });
    return out;
  }

  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext* ctx,
      const torch::autograd::variable_list& grads) {
    const auto call = c10::static_intrusive_pointer_cast<SpaceCall>(
        ctx->saved_data["call"].toCapsule());
    const auto saved = ctx->get_saved_variables();
    const at::Tensor weights = saved[0].detach(), positions = saved[1];
    const at::Tensor grad = grads[0].detach();
    const Tiles tiles(positions);
    std::vector<at::Tensor> parts(tiles.count);
    tiles.Run([&](int64_t i, int64_t from, int64_t to) {
      const at::NoGradGuard no_grad;
      parts[i] = call->net.Backward(weights, Part(positions, from, to),
                                    Part(grad, from, to));
    });
    at::Tensor total = at::zeros_like(weights);
    for (const at::Tensor& part : parts) total.add_(part);
    return {total, {}, {}};
  }
};

}  // namespace

at::Tensor SpaceValues(const CppnShape& shape, const at::Tensor& weights,
                       const at::Tensor& positions) {
  return SpaceFn::apply(weights, positions * std::sqrt(3.),
                        c10::make_intrusive<SpaceCall>(shape));
}

}  // namespace phosphene
