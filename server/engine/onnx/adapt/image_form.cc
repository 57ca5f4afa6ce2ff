// Tells how an input holds pictures.

#include "server/engine/onnx/adapt/image_form.h"

#include <cmath>
#include <deque>
#include <optional>
#include <unordered_set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/faults.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

// Sides below are no pictures': features of tables, boxes, tokens.
constexpr int64_t kLeastSide = 8;
// Nodes looked at behind an input.
constexpr size_t kMaxFollowed = 64;

// Grey, RGB, RGB with alpha or depth.
bool LooksLikeChannels(int64_t size) {
  return size == 1 || size == 3 || size == 4;
}

bool CanBeSide(int64_t size) { return size == 0 || size >= kLeastSide; }

// Pixels as whole numbers; 64-bit ones are tokens and masks.
bool HoldsPixels(const GraphInput& input) {
  switch (input.type) {
    case TensorProto::UINT8:
    case TensorProto::INT8:
    case TensorProto::UINT16:
    case TensorProto::INT16:
    case TensorProto::INT32:
      return true;
    default:
      return input.is_float;
  }
}

// Nodes that read what the input is, but for values changed place by place,
// borders and casts; axes moved before are noted.
struct Reader {
  const Node* node;
  std::vector<int64_t> perm;  // of the first Transpose on the way, if any
};

std::vector<Reader> FirstReaders(const Graph& graph, const std::string& input) {
  std::unordered_multimap<std::string, const Node*> readers;
  for (const Node& node : graph.nodes) {
    for (const std::string& name : node.inputs) readers.emplace(name, &node);
  }
  std::vector<Reader> out;
  std::deque<std::pair<std::string, std::vector<int64_t>>> todo{{input, {}}};
  std::unordered_set<const Node*> seen;
  while (!todo.empty() && seen.size() < kMaxFollowed) {
    const auto [value, perm] = todo.front();
    todo.pop_front();
    const auto range = readers.equal_range(value);
    for (auto it = range.first; it != range.second; ++it) {
      const Node& node = *it->second;
      if (!seen.insert(&node).second) continue;
      const OpTraits& traits = TraitsOf(node.op);
      const auto order = node.attributes.find("perm");
      const bool moves =
          node.op == "Transpose" && order != node.attributes.end();
      const bool passes =
          (traits.sees == OpTraits::kItsPlace && !traits.takes_weights) ||
          traits.sees == OpTraits::kPastBorder || moves;
      if (moves && perm.empty()) out.push_back({&node, order->second.ints});
      if (!passes) {
        out.push_back({&node, perm});
      } else if (!node.outputs.empty()) {
        todo.emplace_back(node.outputs[0],
                          moves && perm.empty() ? order->second.ints : perm);
      }
    }
  }
  return out;
}

bool MovedFirst(const Graph& graph, const std::string& input,
                const std::vector<int64_t>& perm) {
  for (const Reader& reader : FirstReaders(graph, input)) {
    if (reader.node->op == "Transpose" && reader.perm == perm) return true;
  }
  return false;
}

// Channels that the first convolution reads, 0 when none is found.
int64_t ChannelsRead(const Graph& graph, const std::string& input) {
  for (const Reader& reader : FirstReaders(graph, input)) {
    const OpTraits& traits = TraitsOf(reader.node->op);
    if (traits.shape != OpTraits::kWindow || !traits.takes_weights ||
        reader.node->inputs.size() < 2)
      continue;
    const auto weight = graph.constants.find(reader.node->inputs[1]);
    if (weight == graph.constants.end() || weight->second.dim() < 3) continue;
    const auto group = reader.node->attributes.find("group");
    return weight->second.size(1) *
           (group == reader.node->attributes.end() ? 1 : group->second.i);
  }
  return 0;
}

class FormFinder {
 public:
  FormFinder(const Graph& graph, const GraphInput& input,
             const v1::ModelConfig& config, std::string* why)
      : graph_(graph), input_(input), config_(config), why_(why) {}

  absl::StatusOr<ImageForm> Find() {
    const size_t rank = input_.has_shape ? input_.dims.size() : 4;
    if (rank == 4) form_.axes = OfFour();
    if (rank == 3) form_.axes = OfThree();
    if (rank == 5) form_.axes = OfFive();
    if (rank == 2 || rank == 1) return Flat();
    if (form_.axes.empty()) return NotAnImage();
    for (size_t i = 0; i < form_.axes.size() && input_.has_shape; ++i)
      *SizeOf(form_.axes[i]) = input_.dims[i];
    if (!Has('N')) form_.rows = 1;
    if (!Has('C')) form_.channels = 1;
    if (form_.frames == 0) form_.frames = 1;
    return WithChannels();
  }

 private:
  bool Has(char axis) const { return absl::StrContains(form_.axes, axis); }

  int64_t* SizeOf(char axis) {
    switch (axis) {
      case 'N':
        return &form_.rows;
      case 'C':
        return &form_.channels;
      case 'H':
        return &form_.height;
      case 'W':
        return &form_.width;
      default:
        return &form_.frames;
    }
  }

  bool Behind() const { return config_.layout() == v1::ModelConfig::NHWC; }
  bool Stated() const {
    return config_.layout() != v1::ModelConfig::LAYOUT_UNSPECIFIED;
  }

  std::string OfFour() {
    if (Stated()) return Behind() ? "NHWC" : "NCHW";
    if (input_.has_shape) {
      const bool first = LooksLikeChannels(input_.dims[1]),
                 last = LooksLikeChannels(input_.dims[3]);
      if (last && !first) {
        *why_ = "its last axis has as many elements as pixels have channels";
        return "NHWC";
      }
      if (first && !last) return "NCHW";
    }
    if (!MovedFirst(graph_, input_.name, {0, 3, 1, 2})) return "NCHW";
    *why_ = "its last axis is moved to the channels' place first";
    return "NHWC";
  }

  std::string OfThree() {
    const auto& d = input_.dims;
    if (Stated()) return Behind() ? "HWC" : "CHW";
    const bool first = LooksLikeChannels(d[0]), last = LooksLikeChannels(d[2]);
    if (last && !first) return "HWC";
    if (first && !last) return "CHW";
    if (MovedFirst(graph_, input_.name, {2, 0, 1})) return "HWC";
    return d[0] == 0 && CanBeSide(d[1]) && CanBeSide(d[2]) ? "NHW" : "CHW";
  }

  std::string OfFive() {
    const auto& d = input_.dims;
    if (Behind() || (!Stated() && LooksLikeChannels(d[4]) &&
                     !LooksLikeChannels(d[1]) && !LooksLikeChannels(d[2])))
      return "NTHWC";
    const bool channels_second = d[1] == 3 || !LooksLikeChannels(d[2]) ||
                                 (d[2] == 1 && LooksLikeChannels(d[1]));
    return channels_second ? "NCTHW" : "NTCHW";
  }

  // A picture in one axis: of the config's size, or a square one of one or
  // three channels.
  absl::StatusOr<ImageForm> Flat() {
    const bool rows = input_.dims.size() == 2;
    const int64_t size = input_.dims.back();
    form_.axes = absl::StrCat(rows ? "N" : "", Behind() ? "HWC" : "CHW");
    form_.flat = true;
    form_.rows = rows ? input_.dims[0] : 1;
    form_.channels = config_.channels();
    form_.height = config_.height();
    form_.width = config_.width();
    if (form_.height > 0 && form_.width > 0 && form_.channels == 0)
      form_.channels = size / (form_.height * form_.width);
    for (const int64_t channels : {int64_t{1}, int64_t{3}}) {
      const int64_t side = std::llround(std::sqrt(size / channels));
      if (form_.height > 0 || side < kLeastSide) break;
      if (form_.channels != 0 && form_.channels != channels) continue;
      if (side * side * channels != size) continue;
      form_.channels = channels;
      form_.height = form_.width = side;
    }
    if (form_.height * form_.width * form_.channels != size || size == 0) {
      return FieldError(
          "config.height",
          absl::StrCat("input \"", input_.name, "\" is ", DescribeInput(input_),
                       ": a picture of ", size,
                       " numbers; its size is not told (--size HxW "
                       "--channels N of `phosphene models add`)"));
    }
    *why_ = absl::StrCat("it is a picture of ", form_.height, " x ",
                         form_.width, " in one axis");
    return form_;
  }

  absl::Status NotAnImage() const {
    return FieldError(
        "config.input",
        absl::StrCat("input \"", input_.name, "\" is ", DescribeInput(input_),
                     ", which is not of a picture's shape"));
  }

  absl::StatusOr<ImageForm> WithChannels() {
    const int64_t asked = config_.channels();
    if (asked > 0 && form_.channels > 0 && asked != form_.channels) {
      return FieldError(
          "config.channels",
          absl::StrCat(asked, " contradicts the file: input \"", input_.name,
                       "\" is ", DescribeInput(input_), ", with ",
                       form_.channels,
                       " channels (--channels of `phosphene "
                       "models add`; --layout if it is another axis)"));
    }
    if (form_.channels == 0) form_.channels = asked;
    if (form_.channels == 0) form_.channels = ChannelsRead(graph_, input_.name);
    if (form_.channels == 0) {
      form_.channels = 3;
      *why_ =
          "it does not say how many channels it has, so 3 are taken "
          "(--channels N)";
    }
    return form_;
  }

  const Graph& graph_;
  const GraphInput& input_;
  const v1::ModelConfig& config_;
  std::string* const why_;
  ImageForm form_;
};

}  // namespace

int ImageLikeness(const GraphInput& input, const v1::ModelConfig& config) {
  if (!input.is_tensor || !HoldsPixels(input)) return 0;
  if (!input.has_shape) return input.is_float ? 3 : 1;
  const auto& d = input.dims;
  switch (d.size()) {
    case 4: {
      const bool channels = LooksLikeChannels(d[1]) || LooksLikeChannels(d[3]);
      return channels || d[1] == 0 || d[3] == 0 ? 5 : 4;
    }
    case 3:
      return LooksLikeChannels(d[0]) || LooksLikeChannels(d[2]) ||
                     (d[0] == 0 && CanBeSide(d[1]) && CanBeSide(d[2]))
                 ? 3
                 : 0;
    case 5:
      return 2;
    case 2:
    case 1: {
      const int64_t size = d.back();
      if (config.height() > 0 && config.width() > 0) return 1;
      for (const int64_t channels : {int64_t{1}, int64_t{3}}) {
        const int64_t side = std::llround(std::sqrt(size / channels));
        if (side >= kLeastSide && side * side * channels == size &&
            input.is_float)
          return 1;
      }
      return 0;
    }
    default:
      return 0;
  }
}

absl::StatusOr<ImageForm> FormOf(const Graph& graph, const GraphInput& input,
                                 const v1::ModelConfig& config,
                                 std::string* why) {
  return FormFinder(graph, input, config, why).Find();
}

std::string DescribeInput(const GraphInput& input) {
  if (!input.is_tensor) return "no tensor";
  const auto type = static_cast<TensorProto::DataType>(input.type);
  const std::string numbers =
      input.type == 0 || !TensorProto::DataType_IsValid(input.type)
          ? "numbers"
          : absl::AsciiStrToLower(TensorProto::DataType_Name(type));
  if (!input.has_shape) return absl::StrCat(numbers, " of no stated shape");
  return absl::StrCat(
      "[",
      absl::StrJoin(input.dims, ",",
                    [](std::string* out, int64_t dim) {
                      absl::StrAppend(out, dim > 0 ? absl::StrCat(dim) : "any");
                    }),
      "] of ", numbers);
}

}  // namespace phosphene::onnx
