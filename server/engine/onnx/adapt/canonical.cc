// Turns pictures [N,C,H,W] to what a network was written for.

#include "server/engine/onnx/adapt/canonical.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <unordered_set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

constexpr absl::string_view kPlain = "NCHW";

Attribute IntsAttribute(std::vector<int64_t> ints) {
  Attribute out;
  out.type = Attribute::kInts;
  out.ints = std::move(ints);
  return out;
}

Attribute IntAttribute(int64_t value) {
  Attribute out;
  out.type = Attribute::kInt;
  out.i = value;
  return out;
}

// The integers of a list that is an attribute or, later, a constant input.
std::optional<std::vector<int64_t>> ListOf(const Graph& graph, const Node& node,
                                           const char* attribute,
                                           size_t input) {
  const auto stated = node.attributes.find(attribute);
  if (stated != node.attributes.end()) return stated->second.ints;
  if (input >= node.inputs.size()) return std::nullopt;
  const auto constant = graph.constants.find(node.inputs[input]);
  if (constant == graph.constants.end() || constant->second.numel() > 8 ||
      !at::isIntegralType(constant->second.scalar_type(), false))
    return std::nullopt;
  return ToInts(constant->second);
}

// A constant that is broadcast to values of `axes`, for values of N, C, H, W.
std::optional<at::Tensor> Rebroadcast(const at::Tensor& constant,
                                      absl::string_view axes) {
  const auto rank = static_cast<size_t>(constant.dim());
  if (rank > axes.size()) return std::nullopt;
  const absl::string_view own = axes.substr(axes.size() - rank);
  std::vector<int64_t> order, sizes;
  for (const char axis : kPlain) {
    const size_t at = own.find(axis);
    if (at == absl::string_view::npos) {
      sizes.push_back(1);
      continue;
    }
    order.push_back(static_cast<int64_t>(at));
    sizes.push_back(constant.size(static_cast<int64_t>(at)));
  }
  return constant.permute(order).reshape(sizes);
}

class Canonical {
 public:
  Canonical(const ImageForm& form, const std::string& image, int64_t copies,
            Graph* graph)
      : form_(form), image_(image), copies_(copies), graph_(graph) {}

  void Run() {
    std::string root = image_;
    if (copies_ > 1)
      root = Add("Concat", std::vector<std::string>(copies_, image_),
                 {{"axis", IntAttribute(0)}}, "copies");
    holders_[image_] = root;
    forms_[image_] = form_.axes;
    std::vector<Node> before = std::move(graph_->nodes);
    graph_->nodes.clear();
    for (Node& node : added_) graph_->nodes.push_back(std::move(node));
    added_.clear();
    for (Node& node : before) {
      if (Tracks(node) && !Sink(&node)) TurnInputs(&node);
      for (Node& added : added_) graph_->nodes.push_back(std::move(added));
      added_.clear();
      graph_->nodes.push_back(std::move(node));
    }
  }

 private:
  bool Tracks(const Node& node) const {
    return std::any_of(node.inputs.begin(), node.inputs.end(),
                       [&](const auto& i) { return forms_.count(i) > 0; });
  }

  // Holds what the node makes as N, C, H, W, if it can.
  bool Sink(Node* node) {
    const auto first = forms_.find(node->inputs[0]);
    if (node->outputs.size() != 1) return false;
    if (first != forms_.end()) {
      const std::string form = first->second;
      const std::optional<std::string> moved = AfterMove(*node, form);
      if (moved) {
        const std::string from = holders_.at(node->inputs[0]);
        node->op = "Identity";
        node->attributes.clear();
        node->inputs = {from};
        Hold(node->outputs[0], *moved);
        return true;
      }
    }
    return SinkPlaceByPlace(node);
  }

  void Hold(const std::string& value, const std::string& form) {
    // The image itself in its own order needs turning still when it is flat or
    // a video; what is made of it here is not.
    if (form == kPlain) return;
    forms_[value] = form;
    holders_[value] = value;
  }

  bool Turned(const std::string& form) const {
    return form_.flat || absl::StrContains(form, 'T');
  }

  // The order of axes behind a node that only moves them, puts in those of one
  // element or takes them away; none when it does more.
  std::optional<std::string> AfterMove(const Node& node,
                                       const std::string& form) const {
    const OpTraits::Channels moves = TraitsOf(node.op).channels;
    if (moves == OpTraits::kReshaped) return AfterReshape(node, form);
    if (Turned(form)) return std::nullopt;
    if (moves == OpTraits::kPermuted) {
      const auto perm = ListOf(*graph_, node, "perm", SIZE_MAX);
      if (!perm || perm->size() != form.size()) return std::nullopt;
      std::string out;
      for (const int64_t axis : *perm) {
        if (axis < 0 || axis >= static_cast<int64_t>(form.size()))
          return std::nullopt;
        out += form[axis];
      }
      return out;
    }
    if (moves != OpTraits::kAxesAdded) return std::nullopt;
    const auto axes = ListOf(*graph_, node, "axes", 1);
    if (!axes || axes->size() != 1) return std::nullopt;
    const auto rank = static_cast<int64_t>(form.size());
    const int64_t at = (*axes)[0] < 0 ? (*axes)[0] + rank + 1 : (*axes)[0];
    if (at < 0 || at > rank || rank >= 4) return std::nullopt;
    const char gone = absl::StrContains(form, 'N') ? 'C' : 'N';
    if (gone == 'N' && at != 0) return std::nullopt;
    std::string out = form;
    out.insert(static_cast<size_t>(at), 1, gone);
    return out;
  }

  // N, C, H, W of an image whose elements lie in that order already.
  std::optional<std::string> AfterReshape(const Node& node,
                                          const std::string& form) const {
    const auto shape = ListOf(*graph_, node, "shape", 1);
    if (!shape || shape->size() != 4 || form_.height == 0 || form_.width == 0 ||
        form_.channels == 0 || form_.frames > 1)
      return std::nullopt;
    std::string order;
    for (const char axis : form) {
      const bool one = axis == 'T' || (axis == 'C' && form_.channels == 1);
      if (axis != 'N' && !one) order += axis;
    }
    if (order != (form_.channels == 1 ? "HW" : "CHW")) return std::nullopt;
    const int64_t rows = copies_ > 1 ? copies_ : form_.rows;
    const bool keeps_first = form[0] == 'N' && (*shape)[0] == 0;
    const bool same_rows =
        (*shape)[0] == -1 || keeps_first || (rows > 0 && (*shape)[0] == rows);
    const bool fits = same_rows && (*shape)[1] == form_.channels &&
                      (*shape)[2] == form_.height && (*shape)[3] == form_.width;
    return fits ? std::make_optional(std::string(kPlain)) : std::nullopt;
  }

  // Numbers changed each by itself, with constants broadcast to them.
  bool SinkPlaceByPlace(Node* node) {
    const OpTraits& traits = TraitsOf(node->op);
    if (traits.sees != OpTraits::kItsPlace || traits.takes_weights ||
        node->attributes.count("axis") > 0)
      return false;
    std::string form;
    std::vector<std::string> inputs;
    std::map<std::string, at::Tensor> turned;
    for (const std::string& input : node->inputs) {
      const auto tracked = forms_.find(input);
      const auto constant = graph_->constants.find(input);
      if (tracked != forms_.end()) {
        if (!form.empty() && form != tracked->second) return false;
        form = tracked->second;
        inputs.push_back(holders_.at(input));
      } else if (input.empty() || (constant != graph_->constants.end() &&
                                   constant->second.numel() == 1)) {
        inputs.push_back(input);
      } else if (constant != graph_->constants.end()) {
        inputs.push_back(Named(absl::StrCat(input, " turned")));
        turned[inputs.back()] = constant->second;
      } else {
        return false;
      }
    }
    if (Turned(form)) return false;
    for (auto& [name, constant] : turned) {
      const std::optional<at::Tensor> other = Rebroadcast(constant, form);
      if (!other) return false;
      constant = *other;
    }
    for (auto& [name, constant] : turned) graph_->constants[name] = constant;
    node->inputs = std::move(inputs);
    Hold(node->outputs[0], form);
    return true;
  }

  // Gives a node its inputs in the order that the file has them in.
  void TurnInputs(Node* node) {
    for (std::string& input : node->inputs) {
      const auto form = forms_.find(input);
      if (form == forms_.end()) continue;
      auto [turned, added] = turned_.emplace(input, "");
      if (added) turned->second = Turn(holders_.at(input), form->second);
      input = turned->second;
    }
  }

  std::string Turn(const std::string& value, const std::string& form) {
    std::string out = value;
    std::vector<int64_t> perm, gone;
    for (const char axis : std::string("NC")) {
      if (absl::StrContains(form, axis)) continue;
      gone.push_back(static_cast<int64_t>(gone.size()));
      perm.push_back(static_cast<int64_t>(kPlain.find(axis)));
    }
    for (const char axis : form) {
      if (axis != 'T') perm.push_back(static_cast<int64_t>(kPlain.find(axis)));
    }
    const std::string what = absl::StrCat("as ", form);
    if (!std::is_sorted(perm.begin(), perm.end()))
      out = Add("Transpose", {out}, {{"perm", IntsAttribute(perm)}}, what);
    if (!gone.empty())
      out = Add("Squeeze", {out}, {{"axes", IntsAttribute(gone)}}, what);
    const size_t time = form.find('T');
    if (time != std::string::npos) {
      const auto axis = static_cast<int64_t>(time);
      out = Add("Unsqueeze", {out}, {{"axes", IntsAttribute({axis})}}, what);
      if (form_.frames > 1)
        out = Add("Concat", std::vector<std::string>(form_.frames, out),
                  {{"axis", IntAttribute(axis)}}, "frames");
    }
    if (!form_.flat) return out;
    if (form[0] == 'N')
      return Add("Flatten", {out}, {{"axis", IntAttribute(1)}}, "flat");
    const std::string shape = Named("flat shape");
    graph_->constants[shape] = at::tensor({int64_t{-1}});
    return Add("Reshape", {out, shape}, {}, "flat");
  }

  std::string Named(const std::string& what) {
    return absl::StrCat(kAdaptedPrefix, " ", ++named_, " ", what);
  }

  std::string Add(const std::string& op, std::vector<std::string> inputs,
                  std::map<std::string, Attribute> attributes,
                  const std::string& what) {
    Node node;
    node.op = op;
    node.name = absl::StrCat("image ", what);
    node.inputs = std::move(inputs);
    node.outputs = {Named(what)};
    node.attributes = std::move(attributes);
    added_.push_back(std::move(node));
    return added_.back().outputs[0];
  }

  const ImageForm& form_;
  const std::string& image_;
  const int64_t copies_;
  Graph* const graph_;
  // Values that are held as N, C, H, W and are of another order in the file:
  // which, and by what name they are held.
  std::map<std::string, std::string> forms_, holders_;
  std::map<std::string, std::string> turned_;  // to the file's order
  std::vector<Node> added_;
  int64_t named_ = 0;
};

}  // namespace

void MakeCanonical(const ImageForm& form, const std::string& image,
                   int64_t copies, Graph* graph) {
  if (form.Plain() && copies <= 1) return;
  Canonical(form, image, copies, graph).Run();
}

void DropImageCasts(const std::string& image, Graph* graph) {
  std::unordered_set<std::string> values{image};
  for (Node& node : graph->nodes) {
    if (node.op != "Cast" || node.inputs.size() != 1 ||
        values.count(node.inputs[0]) == 0)
      continue;
    node.op = "Identity";
    node.attributes.clear();
    values.insert(node.outputs.begin(), node.outputs.end());
  }
}

}  // namespace phosphene::onnx
