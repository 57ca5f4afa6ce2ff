#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/info/survey.h"
#include "server/engine/onnx/ops/shared/window.h"
#include "server/engine/onnx/ops/traits.h"

namespace phosphene::onnx {

// Follows heights and widths through a graph of windows, sums, joins and pools,
// and tells what cannot run at a size of picture: windows that do not fit, maps
// that differ where they meet, matrices of other lengths. A thousandth of the
// time of running it. Immutable, thread-safe.
class SizeWalk {
 public:
  // Null where an operator is not followed while sizes still depend on the
  // picture's (traits.h, Shape): then a trial has to tell. `facts` as Survey
  // gives them. The graph must outlive it.
  static std::unique_ptr<SizeWalk> Make(
      const Graph& graph, const std::string& image,
      const std::unordered_map<std::string, ValueFacts>& facts);

  // Values that do not run on a picture of that size, and why, naming the node.
  std::map<std::string, std::string> Failed(int64_t height,
                                            int64_t width) const;

 private:
  friend class SizeWalkBuilder;

  // What stays the same whatever the picture's size.
  enum Form { kMap, kFlat, kOther };
  struct Value {
    Form form = kOther;
    bool settled = false;  // its shape does not depend on the picture
  };
  // Height and width of a map; of a flat value its length, 0 not known.
  struct Extent {
    int64_t height = 1, width = 1, length = 0;
    std::string failed;  // why it is not there
  };
  struct Step {
    const Node* node = nullptr;
    OpTraits::Shape shape = OpTraits::kUnknown;
    std::vector<int> inputs;  // those the image leads to
    std::vector<std::string> outputs;
    Value made;
    std::optional<Window> window;
    std::optional<std::array<int64_t, 4>> border;  // as BorderAsWritten has it
    // Height and width of constants that are broadcast with maps; lengths of
    // those that are with flat values.
    std::vector<std::array<int64_t, 2>> constants;
    int64_t channels = 0;          // of the first input, 0 not known
    int64_t takes = 0, makes = 0;  // of a matrix
  };

  Extent Run(const Step& step, const std::vector<Extent>& values) const;
  void Slide(const Step& step, Extent* extent) const;
  void Meet(const Step& step, const std::vector<Extent>& values,
            Extent* extent) const;
  void Join(const Step& step, const std::vector<Extent>& values,
            Extent* extent) const;

  std::vector<Step> steps_;
  std::vector<int> made_;  // value number of each step's outputs
  std::vector<Value> values_;
};

}  // namespace phosphene::onnx
