// What sizes of pictures an opened network takes.

#include <algorithm>
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

// Memory for sizes beyond the network's own, and what it made there for each
// pixel: more than maps that grow with the picture hold, and soon over where
// attention reaches between all pixels.
constexpr int64_t kLargerBytes = int64_t{16} << 20;

// Tries sizes by running, all of one batch.
class TrialOfSizes {
 public:
  // A file written for a batch may run at no other.
  TrialOfSizes(const Trial& trial, int64_t declared_batch, bool stated)
      : trial_(trial),
        batch_(declared_batch > 0 ? declared_batch : 1),
        stated_(stated) {}

  absl::StatusOr<Failures> operator()(int64_t height, int64_t width) {
    const int64_t pixels = height * width;
    auto shapes =
        trial_.At(batch_, height, width,
                  std::min(Trial::kBytes, kLargerBytes + BytesFor(pixels)));
    if (!shapes.ok()) return shapes.status();
    Failures failed = std::move(shapes->failed);
    // What fails at a size that nobody stated may run, and take more, at
    // others.
    if (first_bytes_ == 0 && (stated_ || failed.empty())) {
      first_pixels_ = pixels;
      for (const auto& [value, shape] : shapes->made)
        first_bytes_ += static_cast<double>(c10::multiply_integers(shape)) * 4;
    }
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
  // The first size tried is the network's own.
  int64_t BytesFor(int64_t pixels) const {
    if (first_bytes_ == 0) return Trial::kBytes;
    const double ratio =
        static_cast<double>(pixels) / static_cast<double>(first_pixels_);
    return static_cast<int64_t>(std::min(static_cast<double>(Trial::kBytes),
                                         first_bytes_ * std::max(ratio, 1.0)));
  }

  const Trial& trial_;
  const int64_t batch_;
  const bool stated_;
  int64_t first_pixels_ = 0;
  double first_bytes_ = 0;                  // of all that was made then
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
  auto rules = FindSizes(
      walk != nullptr
          ? ByWalk(*walk)
          : SizeTry(TrialOfSizes(*trial, declared_batch_, search.stated)),
      layers, search);
  if (!rules.ok()) return;
  sizes_ = *std::move(rules);
  const InputSizes whole = sizes_.Whole();
  height_ = whole.height;
  width_ = whole.width;
}

}  // namespace phosphene::onnx
