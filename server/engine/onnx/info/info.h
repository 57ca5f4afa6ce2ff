#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/tensor_proto.h"
#include "server/engine/onnx/file/weights.h"
#include "server/engine/onnx/info/layout.h"
#include "server/engine/onnx/info/reach.h"
#include "server/engine/onnx/info/sizes.h"
#include "server/engine/onnx/info/survey.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene::onnx {

class Trial;

// An input that asks for a larger image is not a network's: 9,450 squared in
// RGB.
constexpr int64_t kMaxImageElements = int64_t{1} << 28;
constexpr int64_t kMaxChannels = int64_t{1} << 16;

// A parsed network: its graph and weights, config, layers and names.
// Immutable but for the weight cache; thread-safe.
class OpenedNetwork : public NetworkInfo {
 public:
  static absl::StatusOr<std::shared_ptr<const OpenedNetwork>> Open(
      const std::string& name, const ModelBytes& file,
      const v1::ModelConfig& config, std::vector<std::string>* notes);

  const v1::ModelConfig& config() const override { return config_; }
  const std::vector<v1::Layer>& layers() const override { return layers_; }
  absl::StatusOr<std::string> Resolve(absl::string_view layer) const override;
  int64_t Channels(absl::string_view resolved) const override;
  absl::StatusOr<Reach> ReachOf(absl::string_view resolved) const override;
  double BytesPerPixel(const std::vector<std::string>& resolved) const override;
  std::string Logits() const override { return logits_; }
  int64_t input_channels() const override { return channels_; }
  int64_t input_height() const override { return height_; }
  int64_t input_width() const override { return width_; }
  InputSizes SizesOf(const std::vector<std::string>& resolved) const override {
    return sizes_.Meet(resolved);
  }
  // What was found out about sizes of pictures, empty where nothing was.
  const SizeRules& sizes() const { return sizes_; }

  const Graph& graph() const { return graph_; }
  // The batch size written into the input's shape, 0 when any runs.
  int64_t declared_batch() const { return declared_batch_; }
  // How often the picture stands among the rows of the network's values, of
  // which the first counts (adapt/adapt.h).
  int64_t copies() const { return copies_; }
  WeightCache* cache() const { return &cache_; }
  // Where a layer keeps rows and channels.
  Layout LayoutOf(const std::string& layer) const;
  int64_t CountParameters() const;
  // Height and width of a picture to try the network on: those most layers are
  // known to run at, the declared ones, or 224.
  std::pair<int64_t, int64_t> ProbeSize() const;

 private:
  OpenedNetwork() = default;
  absl::Status Read(const ModelBytes& file, std::vector<std::string>* notes);
  absl::Status CheckInputSize() const;
  absl::Status CheckAliases() const;
  void ListLayers();
  // Runs the network on one and on two pictures to learn the shapes that
  // following the graph did not tell (transformers).
  void Probe(const std::unordered_map<std::string, ValueFacts>& facts);
  // Finds what sizes layers take, by the graph alone where it can be followed,
  // else by `trial`; null: by one of its own.
  void FindInputSizes(const std::unordered_map<std::string, ValueFacts>& facts,
                      const Trial* trial);
  void FindLogits(const std::unordered_map<std::string, ValueFacts>& facts);

  std::string name_;
  Graph graph_;
  v1::ModelConfig config_;
  int64_t channels_ = 0, height_ = 0, width_ = 0, declared_batch_ = 0,
          copies_ = 1;
  std::map<std::string, std::string> left_out_;  // value -> why (adapt.h)
  std::vector<v1::Layer> layers_;
  std::unordered_map<std::string, size_t> index_;  // value name -> layers_
  std::map<std::string, std::string> aliases_;     // alias -> value name
  std::map<std::string, Layout> layouts_;  // of layers that are not [N,C,...]
  std::string logits_;
  SizeRules sizes_;
  std::unordered_map<std::string, ValueReach> reach_;
  std::unordered_map<std::string, double> bytes_;  // a pixel of the picture
  mutable WeightCache cache_;
};

}  // namespace phosphene::onnx
