#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/onnx/program/network.h"

namespace phosphene {

// What is known of a network whose layers take given sizes; it cannot be run.
class FittedNetwork : public NetworkInfo {
 public:
  explicit FittedNetwork(std::map<std::string, InputSizes> sizes,
                         int64_t channels = 3)
      : sizes_(std::move(sizes)), channels_(channels) {}

  const v1::ModelConfig& config() const override { return config_; }
  const std::vector<v1::Layer>& layers() const override { return layers_; }
  absl::StatusOr<std::string> Resolve(absl::string_view layer) const override {
    if (sizes_.count(std::string(layer)) > 0) return std::string(layer);
    return absl::NotFoundError("no such layer");
  }
  int64_t Channels(absl::string_view resolved) const override { return 12; }
  std::string Logits() const override { return ""; }
  int64_t input_channels() const override { return channels_; }
  int64_t input_height() const override { return 0; }
  int64_t input_width() const override { return 0; }
  // The strictest, of layers where one takes no more than the other.
  InputSizes SizesOf(const std::vector<std::string>& resolved) const override {
    InputSizes out;
    for (const std::string& layer : resolved) {
      const InputSizes& own = sizes_.at(layer);
      out.height = std::max(out.height, own.height);
      out.width = std::max(out.width, own.width);
      out.multiple = std::max(out.multiple, own.multiple);
      out.least = std::max(out.least, own.least);
    }
    return out;
  }

 private:
  const std::map<std::string, InputSizes> sizes_;
  const int64_t channels_;
  v1::ModelConfig config_;
  std::vector<v1::Layer> layers_;
};

}  // namespace phosphene
