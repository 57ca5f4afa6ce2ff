// Who wrote a network, and what pictures that origin feeds it.

#include "server/engine/onnx/info/conventions.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

// The mean of ImageNet's training pictures in BGR as Caffe's GoogLeNet takes it
// (mean_value in its train_val.prototxt).
Convention CaffeGoogLeNet() {
  return {"Caffe (BGR 0..255 minus 104, 117, 123)",
          0,
          255,
          {104, 117, 123},
          {1},
          true};
}
// Likewise VGG, and Keras' preprocess_input in mode "caffe"
// (keras/applications/imagenet_utils.py).
Convention CaffeVgg() {
  return {
      "Caffe VGG / Keras caffe mode (BGR 0..255 minus 103.939, 116.779, "
      "123.68)",
      0,
      255,
      {103.939, 116.779, 123.68},
      {1},
      true};
}
// ImageNet's mean and deviation as torchvision's models and Keras' mode "torch"
// take them.
Convention ImageNet(const char* who) {
  return {
      absl::StrCat(who, " (RGB 0..1, mean .485 .456 .406, std .229 .224 .225)"),
      0,
      1,
      {.485, .456, .406},
      {.229, .224, .225},
      false};
}
// OPENAI_DATASET_MEAN and _STD of CLIP's code.
Convention Clip() {
  return {"CLIP (RGB 0..1, mean .481 .458 .408, std .269 .261 .276)",
          0,
          1,
          {.48145466, .4578275, .40821073},
          {.26862954, .26130258, .27577711},
          false};
}
// (x - 0.5) / 0.5, IMAGENET_STANDARD_MEAN of Hugging Face's processors.
Convention Halves(const char* who) {
  return {absl::StrCat(who, " (RGB 0..1, mean .5, std .5)"),
          0,
          1,
          {.5},
          {.5},
          false};
}
// Keras' preprocess_input in mode "tf", and TF-Slim's Inception preprocessing.
Convention Symmetric(const char* who) {
  return {absl::StrCat(who, " (RGB -1..1)"), -1, 1, {0}, {1}, false};
}
Convention Unit(const char* who, bool bgr = false) {
  return {absl::StrCat(who, bgr ? " (BGR 0..1)" : " (RGB 0..1)"),
          0,
          1,
          {0},
          {1},
          bgr};
}
Convention Bytes(const char* who, bool bgr = false) {
  return {absl::StrCat(who, bgr ? " (BGR 0..255)" : " (RGB 0..255)"),
          0,
          255,
          {0},
          {1},
          bgr};
}

// Networks whose exporter is called so ("" any) and that have a name with one
// of these words in it. The first that fits counts.
struct Family {
  const char* producer;
  std::vector<const char*> words;
  Convention convention;
};

// Names are those of keras/applications/*.py (each model's own
// preprocess_input), of TF-Slim's scopes, of the modules of Hugging Face's
// models (image_mean and image_std of their preprocessor configs), of
// Ultralytics and YOLOX (their predictors), of Caffe's prototxts.
const std::vector<Family>& Families() {
  static const auto* const kFamilies = new std::vector<Family>{
      {"", {"block2_sepconv1"}, Symmetric("Keras Xception")},
      {"", {"block1_conv1"}, CaffeVgg()},
      {"", {"conv2_block1_preact_bn"}, Symmetric("Keras ResNet v2")},
      {"", {"conv2_block1_3_conv"}, CaffeVgg()},
      {"", {"conv2_block1_1_conv"}, ImageNet("Keras DenseNet")},
      {"",
       {"conv_dw_1", "expanded_conv_depthwise", "block_1_expand"},
       Symmetric("Keras MobileNet")},
      {"tf",
       {"inception_v3/", "inception_resnet_v2/", "nasnet/", "nasnetmobile/",
        "normal_conv_1_0", "inceptionv1/", "inceptionv3/", "inceptionv4/",
        "inceptionresnetv2/", "mobilenetv1/", "mobilenetv2/", "mobilenetv3/"},
       Symmetric("Inception, MobileNet or NASNet of TensorFlow")},
      {"caffe", {}, CaffeGoogLeNet()},
      {"", {"conv1/7x7_s2", "conv1_1", "fire2/squeeze1x1"}, CaffeGoogLeNet()},
      {"", {"vision_model.head.probe", "siglip"}, Halves("SigLIP")},
      {"", {"/visual/", "vision_model"}, Clip()},
      {"", {"mobilevit."}, Unit("MobileViT of Hugging Face", true)},
      {"",
       {"vit.embeddings", "/vit/embeddings", "beit.", "data2vec_vision.",
        "dpt.", "mobilenet_v1.", "mobilenet_v2."},
       Halves("ViT, BEiT or DPT of Hugging Face")},
      {"",
       {"backbone.backbone.stem", "/backbone/backbone/stem"},
       Bytes("YOLOX", true)},
      {"", {"model.0.conv", "/model.0/"}, Unit("YOLO")},
      {"paddle", {}, ImageNet("Paddle")},
      {"mxnet", {}, ImageNet("MXNet")},
      {"torch", {}, ImageNet("torchvision")},
  };
  return *kFamilies;
}

// Whether `word` stands in `name` with no letter or digit before it and, if it
// ends in one itself, behind it.
bool HasWord(absl::string_view name, absl::string_view word) {
  const bool open = !absl::ascii_isalnum(word.back());
  for (size_t at = name.find(word); at != absl::string_view::npos;
       at = name.find(word, at + 1)) {
    const size_t end = at + word.size();
    const bool begins = at == 0 || !absl::ascii_isalnum(word.front()) ||
                        !absl::ascii_isalnum(name[at - 1]);
    const bool ends =
        open || end == name.size() || !absl::ascii_isalnum(name[end]);
    if (begins && ends) return true;
  }
  return false;
}

std::optional<Convention> OfNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes) {
    names.push_back(absl::AsciiStrToLower(node.outputs[0]));
    if (node.name != node.outputs[0])
      names.push_back(absl::AsciiStrToLower(node.name));
  }
  for (const auto& [name, tensor] : graph.constants)
    names.push_back(absl::AsciiStrToLower(name));
  const auto mentioned = [&](const char* word) {
    for (const std::string& name : names) {
      if (HasWord(name, word)) return true;
    }
    return false;
  };
  const std::string producer = absl::AsciiStrToLower(graph.producer);
  for (const Family& family : Families()) {
    if (!absl::StrContains(producer, family.producer)) continue;
    bool fits = family.words.empty();
    for (const char* word : family.words) fits = fits || mentioned(word);
    if (fits) return family.convention;
  }
  return std::nullopt;
}

// What the nodes behind the image that change each number by itself make of a
// grey of this value, [1,C,1,1]; `first` names the first of them. None without
// such nodes.
std::optional<at::Tensor> Scaled(const Graph& graph, const std::string& image,
                                 int64_t channels, double grey,
                                 std::string* first) {
  constexpr int kMaxFollowed = 16;
  const auto readers = CountReaders(graph);
  std::string value = image;
  at::Tensor held = at::full({1, channels, 1, 1}, grey);
  for (int step = 0; step < kMaxFollowed; ++step) {
    const auto count = readers.find(value);
    if (count == readers.end() || count->second != 1) break;
    const Node* next = nullptr;
    Tensors inputs;
    for (const Node& node : graph.nodes) {
      if (std::find(node.inputs.begin(), node.inputs.end(), value) ==
          node.inputs.end())
        continue;
      next = &node;
      break;
    }
    if (next == nullptr || TraitsOf(next->op).sees != OpTraits::kItsPlace ||
        TraitsOf(next->op).rectifier)
      break;
    bool constant = true;
    for (const std::string& input : next->inputs) {
      const auto it = graph.constants.find(input);
      constant = constant && (input == value || input.empty() ||
                              it != graph.constants.end());
      inputs.push_back(input == value                ? held
                       : it == graph.constants.end() ? at::Tensor()
                                                     : it->second);
    }
    if (!constant) break;
    OpOptions options;
    options.float_type = at::kFloat;
    try {
      const Tensors made = FindOp(next->op)->prepare(
          OpInit(*next, graph.opset, inputs, options))(inputs);
      if (made[0].numel() != channels) break;
      held = made[0].to(at::kFloat);
    } catch (const std::exception&) {
      break;
    }
    if (first->empty() && !TraitsOf(next->op).no_op) *first = Describe(*next);
    value = next->outputs[0];
  }
  return first->empty() ? std::nullopt : std::make_optional(held);
}

// Networks that scale the picture themselves tell by how much: what comes out
// is about 1 wide, or centred.
std::optional<Convention> OfScaling(const Graph& graph,
                                    const std::string& image,
                                    int64_t channels) {
  std::string first;
  const auto black = Scaled(graph, image, channels, 0, &first);
  const auto one = Scaled(graph, image, channels, 1, &first);
  const auto white = Scaled(graph, image, channels, 255, &first);
  if (!black || !one || !white) return std::nullopt;
  const double at_black = black->mean().item<double>(),
               slope = one->mean().item<double>() - at_black,
               wide = white->mean().item<double>() - at_black;
  // Something other than a scale and a shift.
  if (std::abs(wide - 255 * slope) > 1e-3 * std::abs(wide)) return std::nullopt;
  constexpr double kLeast = 0.5, kMost = 10;
  const auto normalized = [&](double width) {
    return width >= kLeast && width <= kMost;
  };
  const bool centred = std::abs(at_black + wide / 2) < wide / 4;
  const std::string who =
      absl::StrCat("the network scales images itself, from ", first, " on");
  if (normalized(wide) || (slope >= kLeast && slope < 2 && centred))
    return Bytes(who.c_str());
  if (slope > 100)
    return Unit(who.c_str());  // to 0..255, what it takes is 0..1
  const bool shifted = std::abs(at_black) > 1e-3 || std::abs(slope - 1) > 1e-3;
  if (normalized(slope) && shifted) return Unit(who.c_str());
  return std::nullopt;
}

std::optional<Convention> OfType(const GraphInput& input) {
  switch (input.type) {
    case TensorProto::UINT8:
    case TensorProto::UINT16:
    case TensorProto::INT16:
    case TensorProto::INT32:
      return Bytes("an input of whole numbers");
    case TensorProto::INT8: {
      Convention signed_bytes = Bytes("an input of signed bytes");
      signed_bytes.name = "an input of signed bytes (RGB -128..127)";
      signed_bytes.lo = -128;
      signed_bytes.hi = 127;
      return signed_bytes;
    }
    default:
      return std::nullopt;
  }
}

// Keys of ONNX's image category (docs/MetadataProps.md), which WinML and Custom
// Vision write, and of Ultralytics' exporter.
std::optional<Convention> OfMetadata(const Graph& graph) {
  const auto value = [&](const char* key) {
    const auto it = graph.metadata.find(key);
    return it == graph.metadata.end() ? std::string() : it->second;
  };
  if (value("author") == "Ultralytics" ||
      (!value("stride").empty() && !value("names").empty()))
    return Unit("Ultralytics, by the file's own notes");
  const std::string range = value("Image.NominalPixelRange"),
                    format = value("Image.BitmapPixelFormat");
  if (range.empty() && format.empty()) return std::nullopt;
  Convention out;
  out.bgr = absl::StartsWithIgnoreCase(format, "bgr");
  if (absl::EqualsIgnoreCase(range, "Normalized_0_1")) {
    out.hi = 1;
  } else if (absl::EqualsIgnoreCase(range, "Normalized_1_1")) {
    out.lo = -1;
  } else if (absl::EqualsIgnoreCase(range, "NominalRange_16_235")) {
    out.lo = 16;
    out.hi = 235;
  } else {
    out.hi = 255;
  }
  out.name = absl::StrFormat("the file's own notes (%s %g..%g)",
                             out.bgr ? "BGR" : "RGB", out.lo, out.hi);
  return out;
}

}  // namespace

std::optional<Convention> RecogniseConvention(const Graph& graph,
                                              const std::string& image) {
  const GraphInput* input = graph.FindInput(image);
  const int64_t channels =
      input != nullptr && input->dims.size() == 4 ? input->dims[1] : 0;
  std::optional<Convention> found = OfMetadata(graph);
  if (!found && channels > 0) found = OfScaling(graph, image, channels);
  if (!found && input != nullptr) found = OfType(*input);
  if (!found && channels == 3) found = OfNames(graph);
  if (found && channels != 3) found->bgr = false;
  return found;
}

}  // namespace phosphene::onnx
