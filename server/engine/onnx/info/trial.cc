// Runs a network on grey pictures of chosen sizes and tells the shapes.

#include "server/engine/onnx/info/trial.h"

#include <utility>
#include <vector>

#include "server/base/status_macros.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/guard.h"

namespace phosphene::onnx {

absl::StatusOr<std::unique_ptr<Trial>> Trial::Make(const Graph& graph,
                                                   const std::string& image,
                                                   int64_t channels,
                                                   WeightCache* cache) {
  std::vector<std::string> all;
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty()) all.push_back(output);
    }
  }
  OpOptions options;
  options.float_type = at::kFloat;
  ASSIGN_OR_RETURN(auto program,
                   Program::Compile(graph, {image}, all, options, cache));
  return std::unique_ptr<Trial>(new Trial(std::move(program), channels));
}

absl::StatusOr<Program::Shapes> Trial::At(int64_t batch, int64_t height,
                                          int64_t width, int64_t bytes) const {
  Program::Shapes shapes;
  RETURN_IF_ERROR(Guarded("trying the network", [&] {
    const ScopedAllocationLimit memory(bytes, bytes);
    shapes =
        program_->ShapesOf({at::full({batch, channels_, height, width}, 0.5)});
  }));
  return shapes;
}

}  // namespace phosphene::onnx
