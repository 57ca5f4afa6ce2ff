// Chooses the input that pictures are given to and makes it [N,C,H,W].

#include "server/engine/onnx/adapt/image_input.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/faults.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/adapt/canonical.h"
#include "server/engine/onnx/adapt/readable.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {
namespace {

// Pictures above this are not what a network is tried with, whatever the file
// says: exporters wrote the largest that may be given.
constexpr int64_t kMaxTriedPixels = int64_t{2048} * 2048;
// Inputs that are compared by what can be made from them.
constexpr size_t kMaxCompared = 8;

std::string ListInputs(const Graph& graph) {
  std::vector<std::string> all;
  for (const GraphInput& input : graph.inputs) {
    all.push_back(absl::StrCat("\"", input.name, "\" ", DescribeInput(input)));
  }
  return absl::StrJoin(all, ", ");
}

void Note(std::vector<std::string>* notes, std::string note) {
  if (notes != nullptr) notes->push_back(std::move(note));
}

bool AnyBatch(const Graph& graph) {
  return std::all_of(
      graph.nodes.begin(), graph.nodes.end(),
      [](const Node& node) { return TraitsOf(node.op).any_batch; });
}

// How many copies a fixed batch takes; 1 where its size does not matter.
absl::StatusOr<int64_t> CopiesFor(const ImageForm& form, const Graph& graph) {
  if (form.rows <= 1 || AnyBatch(graph)) return 1;
  if (form.rows <= kMaxCopies) return form.rows;
  return absl::InvalidArgumentError(absl::StrCat(
      "the network takes batches of ", form.rows, " images only; at most ",
      kMaxCopies, " are filled with one: export it with a batch of 1"));
}

bool IsOneNumber(const GraphInput& input) {
  return input.has_shape && std::all_of(input.dims.begin(), input.dims.end(),
                                        [](int64_t dim) { return dim == 1; });
}

}  // namespace

absl::StatusOr<std::string> ChooseImage(const Graph& graph,
                                        const v1::ModelConfig& config,
                                        std::vector<std::string>* notes) {
  std::vector<std::string> names;
  for (const GraphInput& input : graph.inputs) names.push_back(input.name);
  if (!config.input().empty()) {
    if (graph.FindInput(config.input()) != nullptr) return config.input();
    return FieldError(
        "config.input",
        absl::StrCat("the network has no input \"", config.input(), "\"",
                     NearestHint(config.input(), names)));
  }
  int most = 0;
  std::vector<std::string> images;
  for (const GraphInput& input : graph.inputs) {
    const int like = ImageLikeness(input, config);
    if (like == 0 || like < most) continue;
    if (like > most) images.clear();
    most = like;
    images.push_back(input.name);
  }
  if (images.empty()) {
    return FieldError(
        "config.input",
        absl::StrCat("no input of the network takes images; its inputs are: ",
                     ListInputs(graph),
                     ". --input NAME of `phosphene models add` takes one all "
                     "the same"));
  }
  if (images.size() == 1) return images[0];
  if (images.size() > kMaxCompared) images.resize(kMaxCompared);
  std::string chosen = images[0];
  int64_t layers = -1;
  for (const std::string& image : images) {
    const int64_t reached = FindReadable(graph, image).layers;
    if (reached <= layers) continue;
    layers = reached;
    chosen = image;
  }
  Note(notes, absl::StrCat("of the inputs \"", absl::StrJoin(images, "\", \""),
                           "\" the image is taken to be \"", chosen,
                           "\"; --input chooses another"));
  return chosen;
}

absl::StatusOr<int64_t> TakeImages(const std::string& image,
                                   const v1::ModelConfig& config, Graph* graph,
                                   std::vector<std::string>* notes) {
  const auto input = std::find_if(
      graph->inputs.begin(), graph->inputs.end(),
      [&](const GraphInput& known) { return known.name == image; });
  std::string why;
  ASSIGN_OR_RETURN(ImageForm form, FormOf(*graph, *input, config, &why));
  ASSIGN_OR_RETURN(const int64_t copies, CopiesFor(form, *graph));
  const std::string shape = DescribeInput(*input);
  if (!input->is_float) {
    DropImageCasts(image, graph);
    Note(notes, absl::StrCat("input \"", image, "\" is ", shape,
                             "; it is given floating-point numbers, unrounded, "
                             "so that gradients reach the image"));
  }
  MakeCanonical(form, image, copies, graph);
  if (!form.Plain() || !why.empty()) {
    std::vector<std::string> axes;
    for (const char axis : form.axes) axes.emplace_back(1, axis);
    Note(notes,
         absl::StrCat("input \"", image, "\", ", shape, ", is taken to be [",
                      absl::StrJoin(axes, ","), "]", why.empty() ? "" : ": ",
                      why, "; --layout says otherwise"));
  }
  if (copies > 1) {
    Note(notes, absl::StrCat("the file is for batches of ", copies,
                             " images: each image is repeated and the first "
                             "row read, one image at a time"));
  }
  if (form.frames > 1) {
    Note(notes, absl::StrCat("the file is for videos of ", form.frames,
                             " frames: all are the image"));
  }
  const bool stated = config.height() > 0 && config.width() > 0;
  if (!stated &&
      form.height > kMaxTriedPixels / std::max<int64_t>(form.width, 1)) {
    Note(notes, absl::StrCat("the file is for images of ", form.height, " x ",
                             form.width,
                             "; it is tried with smaller ones (--size HxW "
                             "states their size)"));
    form.height = form.width = 0;
  }
  input->is_float = input->has_shape = true;
  input->dims = {copies > 1      ? 1
                 : form.rows > 1 ? 0
                                 : form.rows,
                 form.channels, form.height, form.width};
  return copies;
}

void SetSwitches(Graph* graph, std::vector<std::string>* notes) {
  for (size_t i = graph->inputs.size(); i-- > 0;) {
    const GraphInput& input = graph->inputs[i];
    if (!IsOneNumber(input)) continue;
    const std::string name = absl::AsciiStrToLower(input.name);
    const bool training =
        input.type == TensorProto::BOOL &&
        (absl::StrContains(name, "train") || absl::StrContains(name, "phase"));
    const bool kept = input.is_float && input.type != 0 &&
                      absl::StrContains(name, "keep_prob");
    if (!training && !kept) continue;
    const at::Tensor value =
        training ? at::zeros(input.dims, at::kBool) : at::ones(input.dims);
    graph->constants.emplace(input.name, value);
    Note(notes,
         absl::StrCat("input \"", input.name, "\" is set to ",
                      training ? "false" : "1", ", as outside of training"));
    graph->inputs.erase(graph->inputs.begin() + static_cast<int64_t>(i));
  }
}

}  // namespace phosphene::onnx
