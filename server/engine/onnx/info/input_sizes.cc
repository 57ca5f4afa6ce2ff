// What sizes of pictures an opened network takes.

#include <memory>
#include <utility>

#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/info/size_walk.h"
#include "server/engine/onnx/info/trial.h"

namespace phosphene::onnx {
namespace {

SizeTry ByWalk(const SizeWalk& walk) {
  return [&walk](int64_t height, int64_t width) -> absl::StatusOr<Failures> {
    return walk.Failed(height, width);
  };
}

// A file written for a batch may run at no other.
SizeTry ByTrial(const Trial& trial, int64_t declared_batch) {
  const int64_t batch = declared_batch > 0 ? declared_batch : 1;
  return [&trial, batch](int64_t height,
                         int64_t width) -> absl::StatusOr<Failures> {
    auto shapes = trial.At(batch, height, width);
    if (!shapes.ok()) return shapes.status();
    return std::move(shapes->failed);
  };
}

}  // namespace

void OpenedNetwork::FindInputSizes(
    const std::unordered_map<std::string, ValueFacts>& facts,
    const Trial* trial) {
  const GraphInput& input = *graph_.FindInput(config_.input());
  SizeSearch search;
  std::tie(search.height, search.width) = ProbeSize();
  search.stated =
      config_.height() > 0 || config_.width() > 0 ||
      (input.dims.size() == 4 && (input.dims[2] > 0 || input.dims[3] > 0));
  std::vector<std::string> layers;
  for (const v1::Layer& layer : layers_) layers.push_back(layer.name());
  const auto walk = SizeWalk::Make(graph_, config_.input(), facts);
  std::unique_ptr<Trial> own;
  if (walk == nullptr && trial == nullptr) {
    auto made = Trial::Make(graph_, config_.input(), channels_, &cache_);
    if (!made.ok()) return;  // layers say why when they are run
    own = *std::move(made);
    trial = own.get();
  }
  search.cheap = walk != nullptr;
  auto rules = FindSizes(
      walk != nullptr ? ByWalk(*walk) : ByTrial(*trial, declared_batch_),
      layers, search);
  if (!rules.ok()) return;
  sizes_ = *std::move(rules);
  const InputSizes whole = sizes_.Whole();
  height_ = whole.height;
  width_ = whole.width;
}

}  // namespace phosphene::onnx
