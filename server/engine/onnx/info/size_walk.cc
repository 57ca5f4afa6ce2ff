// Follows heights and widths through graphs of windows, without running them.

#include "server/engine/onnx/info/size_walk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace phosphene::onnx {
namespace {

std::string Sides(int64_t height, int64_t width) {
  return absl::StrCat(width, " x ", height);
}

std::string Why(const Node& node, absl::string_view what) {
  return absl::StrCat(Describe(node), " ", what);
}

// Sides that meet in an elementwise operator: equal, or one of them 1.
bool Broadcast(int64_t other, int64_t* side) {
  if (other == *side || other == 1) return true;
  if (*side != 1) return false;
  *side = other;
  return true;
}

}  // namespace

// Sorts out what does not depend on the picture's size.
class SizeWalkBuilder {
 public:
  using Facts = std::unordered_map<std::string, ValueFacts>;

  SizeWalkBuilder(const Graph& graph, const Facts& facts)
      : graph_(graph), facts_(facts) {}

  std::unique_ptr<SizeWalk> Build(const std::string& image) {
    Number(image, {SizeWalk::kMap, false});
    for (const Node& node : graph_.nodes) {
      SizeWalk::Step step;
      step.node = &node;
      for (const std::string& input : node.inputs) {
        const auto it = numbers_.find(input);
        if (it != numbers_.end()) step.inputs.push_back(it->second);
      }
      if (step.inputs.empty()) continue;
      if (!Fill(&step)) return nullptr;
      step.outputs = node.outputs;
      walk_->made_.push_back(static_cast<int>(walk_->values_.size()));
      for (const std::string& output : node.outputs) Number(output, step.made);
      walk_->steps_.push_back(std::move(step));
    }
    return std::move(walk_);
  }

 private:
  void Number(const std::string& name, SizeWalk::Value value) {
    if (!name.empty()) numbers_[name] = static_cast<int>(walk_->values_.size());
    walk_->values_.push_back(value);
  }
  const SizeWalk::Value& Of(int value) const { return walk_->values_[value]; }

  // Whether all (or one) of the inputs are of a form; settled ones of none are
  // passed over.
  bool AllOf(const SizeWalk::Step& step, SizeWalk::Form form) const {
    bool any = false;
    for (int input : step.inputs) {
      if (Of(input).form == form) any = true;
      if (Of(input).form != form && !Of(input).settled) return false;
    }
    return any;
  }
  bool AllAre(const SizeWalk::Step& step, SizeWalk::Form form) const {
    return std::all_of(step.inputs.begin(), step.inputs.end(),
                       [&](int input) { return Of(input).form == form; });
  }
  bool Settled(const SizeWalk::Step& step) const {
    return std::all_of(step.inputs.begin(), step.inputs.end(),
                       [this](int input) { return Of(input).settled; });
  }

  // Fills the step; false when it is not followed.
  bool Fill(SizeWalk::Step* step) {
    const Node& node = *step->node;
    const OpTraits& traits = TraitsOf(node.op);
    step->shape = traits.shape;
    step->made.settled = Settled(*step);
    const auto fact = facts_.find(node.outputs.empty() ? "" : node.outputs[0]);
    const bool integer = fact != facts_.end() && fact->second.integer;
    if (integer || !Follow(traits, step)) {
      // Whatever it does, it does the same at all sizes; and integers matter
      // to those alone that are not followed.
      step->shape = OpTraits::kUnknown;
      step->made.form = SizeWalk::kOther;
      return step->made.settled || integer;
    }
    return true;
  }

  bool Follow(const OpTraits& traits, SizeWalk::Step* step) {
    const Node& node = *step->node;
    const SizeWalk::Form first = Of(step->inputs[0]).form;
    const bool alone =
        step->inputs.size() == 1 && numbers_.count(node.inputs[0]) > 0;
    switch (traits.shape) {
      case OpTraits::kWindow:
        step->window = WindowAsWritten(graph_, node);
        step->made.form = SizeWalk::kMap;
        return alone && first == SizeWalk::kMap && step->window.has_value();
      case OpTraits::kBordered:
        step->border = BorderAsWritten(graph_, node);
        step->made.form = SizeWalk::kMap;
        return alone && first == SizeWalk::kMap && step->border.has_value() &&
               TakesAnySize(node);
      case OpTraits::kOnePlace:
        step->made = {SizeWalk::kMap, true};
        return alone && first == SizeWalk::kMap;
      case OpTraits::kFlat:
        step->channels = ChannelsOf(node.inputs[0]);
        step->made.form = SizeWalk::kFlat;
        return alone && first == SizeWalk::kMap && IntOf(node, "axis", 1) == 1;
      case OpTraits::kMatrix:
        step->made = {SizeWalk::kFlat, true};
        return alone && first == SizeWalk::kFlat && ReadMatrix(step);
      case OpTraits::kJoined:
        step->made.form = first;
        return first != SizeWalk::kOther && AllAre(*step, first) &&
               NothingConstant(node) && IsAxisOne(node, first);
      case OpTraits::kSame:
        step->made.form =
            AllOf(*step, SizeWalk::kMap) ? SizeWalk::kMap : SizeWalk::kFlat;
        ReadConstants(traits, step);
        return AllOf(*step, step->made.form);
      case OpTraits::kUnknown:
        break;
    }
    return false;
  }

  // A border of what lies farther in needs a picture that reaches so far.
  static bool TakesAnySize(const Node& bordered) {
    const auto mode = bordered.attributes.find("mode");
    return mode == bordered.attributes.end() || mode->second.s == "constant" ||
           mode->second.s == "edge";
  }

  int64_t ChannelsOf(const std::string& value) const {
    const auto fact = facts_.find(value);
    return fact == facts_.end() ? 0 : fact->second.channels;
  }

  static int64_t IntOf(const Node& node, const char* name, int64_t otherwise) {
    const auto it = node.attributes.find(name);
    return it == node.attributes.end() ? otherwise : it->second.i;
  }
  static bool IsAxisOne(const Node& node, SizeWalk::Form form) {
    const int64_t axis = IntOf(node, "axis", 0);
    return axis == 1 || axis == (form == SizeWalk::kMap ? -3 : -1);
  }
  bool NothingConstant(const Node& node) const {
    return std::none_of(node.inputs.begin(), node.inputs.end(),
                        [this](const auto& input) {
                          return graph_.constants.count(input) > 0;
                        });
  }

  bool ReadMatrix(SizeWalk::Step* step) const {
    const Node& node = *step->node;
    const auto weight = node.inputs.size() > 1
                            ? graph_.constants.find(node.inputs[1])
                            : graph_.constants.end();
    if (weight == graph_.constants.end() || weight->second.dim() != 2 ||
        IntOf(node, "transA", 0) != 0) {
      return false;
    }
    const bool turned = IntOf(node, "transB", 0) != 0;
    step->takes = weight->second.size(turned ? 1 : 0);
    step->makes = weight->second.size(turned ? 0 : 1);
    return true;
  }

  // Constants are laid over the last axes; weights of one axis are one a
  // channel, but where the last axis is normalized.
  void ReadConstants(const OpTraits& traits, SizeWalk::Step* step) const {
    for (const std::string& input : step->node->inputs) {
      const auto constant = graph_.constants.find(input);
      if (constant == graph_.constants.end()) continue;
      const at::Tensor& tensor = constant->second;
      const bool a_channel = traits.takes_weights && tensor.dim() == 1 &&
                             traits.channels != OpTraits::kNormalized;
      if (tensor.dim() == 0 || a_channel) continue;
      step->constants.push_back(
          {tensor.dim() > 1 ? tensor.size(-2) : 1, tensor.size(-1)});
    }
  }

  const Graph& graph_;
  const Facts& facts_;
  std::unordered_map<std::string, int> numbers_;
  std::unique_ptr<SizeWalk> walk_ = std::make_unique<SizeWalk>();
};

std::unique_ptr<SizeWalk> SizeWalk::Make(
    const Graph& graph, const std::string& image,
    const std::unordered_map<std::string, ValueFacts>& facts) {
  return SizeWalkBuilder(graph, facts).Build(image);
}

std::map<std::string, std::string> SizeWalk::Failed(int64_t height,
                                                    int64_t width) const {
  std::vector<Extent> values(values_.size());
  values[0].height = height;
  values[0].width = width;
  std::map<std::string, std::string> failed;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Extent extent = Run(steps_[i], values);
    for (size_t j = 0; j < steps_[i].outputs.size(); ++j) {
      values[made_[i] + j] = extent;
      if (!extent.failed.empty() && !steps_[i].outputs[j].empty())
        failed[steps_[i].outputs[j]] = extent.failed;
    }
  }
  return failed;
}

SizeWalk::Extent SizeWalk::Run(const Step& step,
                               const std::vector<Extent>& values) const {
  for (int input : step.inputs) {
    if (values[input].failed.empty()) continue;
    Extent extent;
    extent.failed = values[input].failed;
    return extent;
  }
  Extent extent = values[step.inputs[0]];
  switch (step.shape) {
    case OpTraits::kWindow:
      Slide(step, &extent);
      break;
    case OpTraits::kBordered: {
      const auto [top, left, bottom, right] = *step.border;
      extent.height += top + bottom;
      extent.width += left + right;
      break;
    }
    case OpTraits::kOnePlace:
      extent.height = extent.width = 1;
      break;
    case OpTraits::kFlat:
      extent.length = step.channels * extent.height * extent.width;
      break;
    case OpTraits::kMatrix:
      if (extent.length != 0 && extent.length != step.takes) {
        extent.failed =
            Why(*step.node, absl::StrCat("takes ", step.takes,
                                         " values, there are ", extent.length));
      }
      extent.length = step.makes;
      break;
    case OpTraits::kJoined:
      Join(step, values, &extent);
      break;
    case OpTraits::kSame:
      Meet(step, values, &extent);
      break;
    case OpTraits::kUnknown:
      extent = {};
      break;
  }
  return extent;
}

void SizeWalk::Slide(const Step& step, Extent* extent) const {
  const Window window =
      step.window->auto_pad == Window::kExplicit
          ? *step.window
          : WithPads(*step.window, {extent->height, extent->width});
  const Extent in = *extent;
  int64_t* const sides[] = {&extent->height, &extent->width};
  for (size_t axis = 0; axis < 2; ++axis) {
    const int64_t room = *sides[axis] + window.pad_begin[axis] +
                         window.pad_end[axis] - window.Extent(axis);
    if (room < 0) {
      extent->failed =
          Why(*step.node,
              absl::StrCat("slides a window of ", window.Extent(axis),
                           " over a map of ", Sides(in.height, in.width)));
      return;
    }
    *sides[axis] = window.OutputSize(axis, *sides[axis]);
  }
}

void SizeWalk::Meet(const Step& step, const std::vector<Extent>& values,
                    Extent* extent) const {
  *extent = {};
  bool fits = true;
  for (int input : step.inputs) {
    if (values_[input].form == kMap && step.made.form == kMap) {
      fits = fits && Broadcast(values[input].height, &extent->height) &&
             Broadcast(values[input].width, &extent->width);
    } else if (values_[input].form == kFlat && step.made.form == kFlat) {
      extent->length = std::max(extent->length, values[input].length);
    }
  }
  for (const auto& [height, width] : step.constants) {
    if (step.made.form == kMap) {
      fits = fits && Broadcast(height, &extent->height) &&
             Broadcast(width, &extent->width);
    } else if (extent->length != 0) {
      fits = fits && Broadcast(width, &extent->length);
    }
  }
  if (fits) return;
  extent->failed = Why(*step.node, "brings together values of different sizes");
}

void SizeWalk::Join(const Step& step, const std::vector<Extent>& values,
                    Extent* extent) const {
  if (step.made.form == kFlat) {
    bool known = true;
    extent->length = 0;
    for (int input : step.inputs) {
      known = known && values[input].length != 0;
      extent->length += values[input].length;
    }
    if (!known) extent->length = 0;
    return;
  }
  for (int input : step.inputs) {
    if (values[input].height == extent->height &&
        values[input].width == extent->width) {
      continue;
    }
    extent->failed =
        Why(*step.node,
            absl::StrCat("joins maps of ", Sides(extent->height, extent->width),
                         " and ",
                         Sides(values[input].height, values[input].width)));
    return;
  }
}

}  // namespace phosphene::onnx
