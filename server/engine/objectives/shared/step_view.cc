// What objectives see of one step: rows and companions of a layer.
#include <algorithm>

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

// The first rows of a batch. All of them are the batch itself: the gradient of
// a slice is a tensor of zeros in another memory layout, written to.
at::Tensor FirstRows(const at::Tensor& batch, int64_t rows) {
  return batch.size(0) == rows ? batch : batch.narrow(0, 0, rows);
}

// What a tile owns of its map of a layer, and `beyond` more.
at::Tensor Own(const at::Tensor& map, const OwnCells& own, int64_t beyond) {
  if (own.height == 0 || own.width == 0)
    return map.narrow(2, 0, 0).narrow(3, 0, 0);
  const int64_t height =
                    std::min(own.height + beyond, own.whole_height - own.y),
                width = std::min(own.width + beyond, own.whole_width - own.x);
  return map.narrow(2, own.top, height).narrow(3, own.left, width);
}

}  // namespace

at::Tensor StepView::Layer(const std::string& resolved, int64_t beyond) const {
  if (resolved == "image") {
    TORCH_CHECK(own == nullptr, "a tile has no picture before transforms");
    return image.to(at::kFloat);
  }
  const at::Tensor map = AsMap(FirstRows(Find(*this, resolved), rows));
  return own == nullptr ? map : Own(map, own->at(resolved), beyond);
}

OwnCells StepView::CellsOf(const std::string& resolved) const {
  if (own != nullptr) return own->at(resolved);
  const at::Tensor& map = resolved == "image" ? image : Find(*this, resolved);
  OwnCells all;
  // Tokens are a row of positions, classes one.
  all.height = all.whole_height = map.dim() == 4 ? map.size(2) : 1;
  all.width = all.whole_width = map.dim() == 4   ? map.size(3)
                                : map.dim() == 3 ? map.size(1)
                                                 : 1;
  return all;
}

at::Tensor StepView::CompanionLayer(const std::string& resolved,
                                    int64_t companion) const {
  const at::Tensor map =
      AsMap(Find(*this, resolved).narrow(0, rows + companion, 1));
  return own == nullptr ? map : Own(map, own->at(resolved), 0);
}

at::Tensor StepView::OriginalLayer(const std::string& resolved) const {
  const at::Tensor& batch = Find(*this, resolved);
  return AsMap(batch.narrow(0, batch.size(0) - rows, rows));
}

}  // namespace phosphene
