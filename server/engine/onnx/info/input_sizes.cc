// What sizes of pictures an opened network takes.

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
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

// Tries sizes by running, all of one batch.
class TrialOfSizes {
 public:
  // A file written for a batch may run at no other.
  TrialOfSizes(const Trial& trial, int64_t declared_batch)
      : trial_(trial), batch_(declared_batch > 0 ? declared_batch : 1) {}

  absl::StatusOr<Failures> operator()(int64_t height, int64_t width) {
    auto shapes = trial_.At(batch_, height, width);
    if (!shapes.ok()) return shapes.status();
    Failures failed = std::move(shapes->failed);
    for (const auto& [value, shape] : shapes->made) {
      if (shape.size() < 2) continue;
      const bool rows_first = shape[0] == batch_;
      const auto [known, first] = rows_first_.emplace(value, rows_first);
      // A Reshape to [-1, ...] of a size of old makes rows of places.
      if (first || !known->second || rows_first) continue;
      failed[value] = absl::StrCat("\"", value, "\" has ", shape[0],
                                   " rows where the batch has ", batch_);
    }
    return failed;
  }

 private:
  const Trial& trial_;
  const int64_t batch_;
  std::map<std::string, bool> rows_first_;  // where a value was seen first
};

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
  auto rules = FindSizes(walk != nullptr
                             ? ByWalk(*walk)
                             : SizeTry(TrialOfSizes(*trial, declared_batch_)),
                         layers, search);
  if (!rules.ok()) return;
  sizes_ = *std::move(rules);
  const InputSizes whole = sizes_.Whole();
  height_ = whole.height;
  width_ = whole.width;
}

}  // namespace phosphene::onnx
