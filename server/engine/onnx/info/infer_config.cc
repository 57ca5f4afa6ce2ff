// What a network without a sidecar expects of its input, by who exported it.

#include "server/engine/onnx/info/infer_config.h"

#include <cmath>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/faults.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::onnx {
namespace {

struct Convention {
  const char* name;
  double lo, hi;
  std::vector<double> mean, std;
  bool bgr;
};

// Means of ImageNet's training pictures in BGR as Caffe's GoogLeNet
// (mean_value in its train_val.prototxt) and VGG (and Keras' caffe mode) take
// them; torchvision's from its models' documentation; CLIP's from its code.
const Convention& CaffeGoogLeNet() {
  static const auto* const k =
      new Convention{"Caffe (BGR 0..255 minus 104, 117, 123)",
                     0,
                     255,
                     {104, 117, 123},
                     {1},
                     true};
  return *k;
}
const Convention& CaffeVgg() {
  static const auto* const k = new Convention{
      "Caffe VGG / Keras caffe mode (BGR 0..255 minus 103.939, 116.779, "
      "123.68)",
      0,
      255,
      {103.939, 116.779, 123.68},
      {1},
      true};
  return *k;
}
const Convention& Torchvision() {
  static const auto* const k = new Convention{
      "torchvision (RGB 0..1, mean .485 .456 .406, std .229 .224 .225)",
      0,
      1,
      {.485, .456, .406},
      {.229, .224, .225},
      false};
  return *k;
}
const Convention& Clip() {
  static const auto* const k =
      new Convention{"CLIP (RGB 0..1, mean .481 .458 .408, std .269 .261 .276)",
                     0,
                     1,
                     {.48145466, .4578275, .40821073},
                     {.26862954, .26130258, .27577711},
                     false};
  return *k;
}

// Who the graph's producer and names speak of; null when nobody known.
const Convention* Recognise(const Graph& graph) {
  const std::string producer = absl::AsciiStrToLower(graph.producer);
  bool keras_vgg = false, caffe_names = false, clip = false;
  for (const Node& node : graph.nodes) {
    const std::string name = absl::AsciiStrToLower(node.outputs[0]);
    keras_vgg = keras_vgg || absl::StartsWith(name, "block1_conv1");
    caffe_names = caffe_names || name == "conv1/7x7_s2" || name == "conv1_1" ||
                  name == "fire2/squeeze1x1";
    clip = clip || absl::StrContains(name, "/visual/") ||
           absl::StrContains(name, "vision_model");
  }
  if (keras_vgg) return &CaffeVgg();
  if (absl::StrContains(producer, "caffe") || caffe_names)
    return &CaffeGoogLeNet();
  if (clip) return &Clip();
  if (absl::StrContains(producer, "pytorch") ||
      absl::StrContains(producer, "torch")) {
    return &Torchvision();
  }
  return nullptr;
}

bool Stated(const v1::ModelConfig& config) {
  return config.range_lo() != 0 || config.has_range_hi() ||
         config.mean_size() > 0 || config.std_size() > 0 ||
         config.channel_order() != v1::ModelConfig::CHANNEL_ORDER_UNSPECIFIED;
}

void Fill(const Convention& convention, v1::ModelConfig* config) {
  config->set_range_lo(convention.lo);
  config->set_range_hi(convention.hi);
  config->mutable_mean()->Assign(convention.mean.begin(),
                                 convention.mean.end());
  config->mutable_std()->Assign(convention.std.begin(), convention.std.end());
  config->set_channel_order(convention.bgr ? v1::ModelConfig::BGR
                                           : v1::ModelConfig::RGB);
}

void FillDefaults(v1::ModelConfig* config) {
  if (!config->has_range_hi()) config->set_range_hi(1);
  if (config->mean_size() == 0) config->add_mean(0);
  if (config->std_size() == 0) config->add_std(1);
  if (config->channel_order() == v1::ModelConfig::CHANNEL_ORDER_UNSPECIFIED) {
    config->set_channel_order(v1::ModelConfig::RGB);
  }
}

bool CanBeImage(const GraphInput& input) {
  return input.is_float && (!input.has_shape || input.dims.size() == 4);
}

absl::Status ChooseInput(const Graph& graph, v1::ModelConfig* config) {
  std::vector<std::string> names, images;
  for (const GraphInput& input : graph.inputs) {
    names.push_back(input.name);
    if (CanBeImage(input)) images.push_back(input.name);
  }
  if (!config->input().empty()) {
    if (graph.FindInput(config->input()) != nullptr) return absl::OkStatus();
    return FieldError(
        "config.input",
        absl::StrCat("the network has no input \"", config->input(), "\"",
                     NearestHint(config->input(), names)));
  }
  if (images.size() == 1) {
    config->set_input(images[0]);
    return absl::OkStatus();
  }
  if (images.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "no input of the network takes images [N,C,H,W]; its inputs are: \"",
        absl::StrJoin(names, "\", \""), "\""));
  }
  return FieldError(
      "config.input",
      absl::StrCat("several inputs could be the image; name one of \"",
                   absl::StrJoin(images, "\", \""), "\""));
}

void CheckNumbers(const char* field,
                  const google::protobuf::RepeatedField<double>& values,
                  int64_t channels, bool zero_allowed, Faults* faults) {
  const bool fits =
      values.size() == 1 || channels == 0 || values.size() == channels;
  if (!fits) {
    faults->Add(field, absl::StrCat(values.size(), " values; allowed are 1 or ",
                                    channels, ", the input's channels"));
  }
  for (double value : values) {
    if (!std::isfinite(value) || (value == 0 && !zero_allowed)) {
      faults->Add(field,
                  absl::StrCat("holds ", value, "; ",
                               zero_allowed ? "finite values are"
                                            : "finite values other than 0 are",
                               " allowed"));
      return;
    }
  }
}

absl::Status CheckConfig(const v1::ModelConfig& config, int64_t channels) {
  Faults faults;
  if (!std::isfinite(config.range_lo()) || !std::isfinite(config.range_hi()) ||
      config.range_lo() == config.range_hi()) {
    faults.Add("config.range_hi",
               absl::StrCat("a range from ", config.range_lo(), " to ",
                            config.range_hi(), " is not one"));
  }
  CheckNumbers("config.mean", config.mean(), channels, true, &faults);
  CheckNumbers("config.std", config.std(), channels, false, &faults);
  if (config.channel_order() == v1::ModelConfig::BGR && channels != 3 &&
      channels != 0) {
    faults.Add("config.channel_order",
               absl::StrCat("BGR needs 3 channels; the input has ", channels));
  }
  return faults.ToStatus();
}

}  // namespace

int64_t ImageChannels(const Graph& graph, const std::string& input) {
  const GraphInput* found = graph.FindInput(input);
  if (found != nullptr && found->dims.size() == 4 && found->dims[1] > 0)
    return found->dims[1];
  for (const Node& node : graph.nodes) {
    if (node.op != "Conv" || node.inputs.size() < 2 || node.inputs[0] != input)
      continue;
    const auto weight = graph.constants.find(node.inputs[1]);
    const auto group = node.attributes.find("group");
    if (weight == graph.constants.end() || weight->second.dim() < 2) continue;
    return weight->second.size(1) *
           (group == node.attributes.end() ? 1 : group->second.i);
  }
  return 0;
}

absl::Status CompleteConfig(const Graph& graph, v1::ModelConfig* config,
                            std::vector<std::string>* notes) {
  RETURN_IF_ERROR(ChooseInput(graph, config));
  const int64_t channels = ImageChannels(graph, config->input());
  if (!Stated(*config)) {
    const Convention* convention = channels == 3 ? Recognise(graph) : nullptr;
    if (convention != nullptr) {
      Fill(*convention, config);
    }
    if (notes != nullptr) {
      notes->push_back(
          absl::StrCat("input convention inferred: ",
                       convention != nullptr
                           ? convention->name
                           : "unknown origin, so RGB 0..1 without mean and std",
                       "; --range, --mean, --std and --bgr override it"));
    }
  }
  FillDefaults(config);
  return CheckConfig(*config, channels);
}

}  // namespace phosphene::onnx
