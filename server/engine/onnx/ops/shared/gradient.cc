// Hangs a backward function of our own into autograd's graph.

#include "server/engine/onnx/ops/shared/gradient.h"

#include <memory>
#include <utility>

#include <torch/csrc/autograd/functions/utils.h>

namespace phosphene::onnx {
namespace {

// A node of autograd's graph that calls a function once.
class OwnBackward : public torch::autograd::Node {
 public:
  explicit OwnBackward(BackwardFn backward) : backward_(std::move(backward)) {}

  torch::autograd::variable_list apply(
      torch::autograd::variable_list&& grads) override {
    TORCH_CHECK(backward_ != nullptr,
                "backward ran a second time through the same network run");
    at::NoGradGuard no_grad;
    return backward_(grads);
  }

  void release_variables() override { backward_ = nullptr; }

 private:
  BackwardFn backward_;
};

}  // namespace

bool Records(const std::vector<at::Tensor>& inputs) {
  if (!at::GradMode::is_enabled()) return false;
  for (const at::Tensor& input : inputs) {
    if (input.defined() && input.requires_grad()) return true;
  }
  return false;
}

void SetBackward(const std::vector<at::Tensor>& inputs,
                 const std::vector<at::Tensor>& outputs, BackwardFn backward) {
  std::shared_ptr<OwnBackward> node(new OwnBackward(std::move(backward)),
                                    torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  torch::autograd::set_history(outputs, node);
}

}  // namespace phosphene::onnx
