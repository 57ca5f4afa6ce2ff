// What objectives see of one step: rows and companions of a layer.
#include "server/engine/objectives/interface.h"

namespace phosphene {
namespace {

// f32 [n,C,h,w] of any activation: classifiers give [n,C], token networks
// [n,T,C], whose tokens become a row of positions.
at::Tensor AsMap(const at::Tensor& value) {
  at::Tensor out = value;
  if (out.dim() == 2) out = out.unsqueeze(2).unsqueeze(3);
  if (out.dim() == 3) out = out.transpose(1, 2).unsqueeze(2);
  TORCH_CHECK(out.dim() == 4, "a layer of ", value.dim(),
              " dimensions has no channels");
  return out.to(at::kFloat);
}

const at::Tensor& Find(const StepView& view, const std::string& resolved) {
  if (resolved == "input") return view.input;
  TORCH_CHECK(view.activations != nullptr,
              "no network ran, so there is no layer ", resolved);
  const auto it = view.activations->find(resolved);
  TORCH_CHECK(it != view.activations->end(), "the network made no layer ",
              resolved);
  return it->second;
}

}  // namespace

at::Tensor StepView::Layer(const std::string& resolved) const {
  if (resolved == "image") return image.to(at::kFloat);
  return AsMap(Find(*this, resolved).narrow(0, 0, rows));
}

at::Tensor StepView::CompanionLayer(const std::string& resolved,
                                    int64_t companion) const {
  return AsMap(Find(*this, resolved).narrow(0, rows + companion, 1));
}

at::Tensor StepView::OriginalLayer(const std::string& resolved) const {
  const at::Tensor& batch = Find(*this, resolved);
  return AsMap(batch.narrow(0, batch.size(0) - rows, rows));
}

}  // namespace phosphene
