#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Limits on what a graph may be, far above any real network; they bound time
// and memory spent on a hostile file.
constexpr int64_t kMaxNodes = 100'000;
constexpr int64_t kMaxNameLength = 1'024;
constexpr int64_t kMaxNodeInputs = 4'096;
constexpr int64_t kMaxInputs = 1'024;
// Elements that one operator may make: 2^31, 8 GiB of f32.
constexpr int64_t kMaxElements = int64_t{1} << 31;

// Names of values that are not the file's begin with this: what is put before a
// network so that it takes pictures (adapt/). They are not layers. Files may
// not use it.
constexpr char kAdaptedPrefix[] = "(phosphene)";
bool IsAdapted(absl::string_view value);

struct Subgraph;

// One attribute of a node; which field counts is in `type`.
struct Attribute {
  enum Type {
    kFloat,
    kInt,
    kString,
    kTensor,
    kFloats,
    kInts,
    kStrings,
    kGraph,
    kReference,  // of a function's node: `s` names the function's attribute
    kOther
  };
  Type type = kOther;
  float f = 0;
  int64_t i = 0;
  std::string s;
  at::Tensor t;
  std::vector<float> floats;
  std::vector<int64_t> ints;
  std::vector<std::string> strings;
  std::shared_ptr<const Subgraph> graph;
};

// An activation done by the node that makes its input: max(x, 0), or
// min(max(x, 0), max).
struct Activation {
  enum Kind { kNone, kRelu, kClip };
  Kind kind = kNone;
  double max = 0;
};

// An operator applied to named values.
struct Node {
  std::string name;  // the file's, or its first output
  std::string op;    // "Conv"; with its domain in front when that is not ONNX's
  std::vector<std::string> inputs;   // "" where an optional one is absent
  std::vector<std::string> outputs;  // "" likewise
  std::map<std::string, Attribute> attributes;
  Activation activation;  // set by fusion
  int64_t index = 0;      // position in the file
  // Why the node cannot be run, known from the file alone: "has ...".
  std::string fault;
};

// What a control-flow node runs: nodes over values of its own, and of the graph
// it stands in.
struct Subgraph {
  std::vector<Node> nodes;
  std::map<std::string, at::Tensor> constants;
  std::map<std::string, std::string> unread;  // as Graph's
  std::vector<std::string> inputs, outputs;
};

// `Conv node "conv1/7x7_s2"`: how messages name a node.
std::string Describe(const Node& node);

// A value the caller provides.
struct GraphInput {
  std::string name;
  bool is_tensor = true;  // false: a sequence, a map, an optional one
  bool is_float = true;
  int32_t type = 0;  // TensorProto.DataType, 0 not stated
  bool has_shape = false;
  std::vector<int64_t> dims;  // 0 where any; meaningful when has_shape
};

// A network: nodes in an order in which they can run. Plain data.
struct Graph {
  int64_t opset = 0;
  std::string producer;                         // "pytorch 2.1.0"
  std::map<std::string, std::string> metadata;  // what exporters noted
  std::vector<Node> nodes;
  std::unordered_map<std::string, at::Tensor> constants;
  // Constants that are there and cannot be read, and what they are: "a tensor
  // of text".
  std::map<std::string, std::string> unread;
  std::vector<GraphInput> inputs;  // initializers are not among them
  std::vector<std::string> outputs;

  const GraphInput* FindInput(absl::string_view name) const;
};

// Brings nodes into an order in which every value is made before it is read.
// INVALID_ARGUMENT names a value made twice, one that nothing makes, or the
// nodes of a cycle.
absl::Status SortTopologically(Graph* graph);

// Keeps the nodes that `wanted` values need. REQUIRES: sorted.
void Prune(const std::vector<std::string>& wanted, Graph* graph);

// How many nodes read each value.
std::unordered_map<std::string, int> CountReaders(const Graph& graph);

// Index in graph.nodes of the node that makes a value.
std::unordered_map<std::string, size_t> IndexProducers(const Graph& graph);

}  // namespace phosphene::onnx
