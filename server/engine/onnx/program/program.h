#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/onnx/file/weights.h"
#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {

// UNIMPLEMENTED naming every operator of the graph that is not built in, each
// with a node that uses it.
absl::Status CheckOpsKnown(const Graph& graph);

// A graph made ready to run: pruned to wanted values, rewritten (see
// passes.h), weights converted and laid out, as a list of steps over numbered
// values. Differentiable with respect to its inputs. Thread-compatible.
class Program {
 public:
  // `inputs` are the graph inputs Run will get, `wanted` the values it
  // returns. `cache` holds weights derived from the graph's and must belong to
  // it alone. Errors name the node: INVALID_ARGUMENT what its attributes or
  // weights hold, or an input that is needed and not given; UNIMPLEMENTED
  // operators.
  static absl::StatusOr<std::unique_ptr<Program>> Compile(
      const Graph& graph, const std::vector<std::string>& inputs,
      const std::vector<std::string>& wanted, const OpOptions& options,
      WeightCache* cache);

  // Values wanted, in that order. Values no longer needed are freed on the
  // way. Throws c10::Error that names the node.
  Tensors Run(const Tensors& inputs) const;

  // What a run without gradient made, by name of the value.
  struct Shapes {
    std::map<std::string, std::vector<int64_t>> made;
    // Values that could not be made: why, naming the node that failed. What
    // only those lead to has the same reason.
    std::map<std::string, std::string> failed;
  };

  // Runs on, past nodes that fail, and tells the shapes of all values; keeps
  // none. Values that rewriting took out are missing. Throws when out of
  // memory.
  Shapes ShapesOf(const Tensors& inputs) const;

  // True when every operator treats rows of a batch apart whatever their
  // number; false when the graph may have its batch size written into it.
  bool any_batch() const { return any_batch_; }

 private:
  struct Step {
    std::string what;  // names the node in errors
    OpRun run;
    std::vector<int> inputs, outputs;  // value numbers, -1 for none
    std::vector<int> last_reads;       // values to free afterwards
  };
  friend class ProgramBuilder;

  // Runs one step on the values of a run.
  static void Execute(const Step& step, std::vector<at::Tensor>* values);
  // Likewise; "" or why it could not run.
  std::string TryStep(const Step& step, const Shapes& shapes,
                      std::vector<at::Tensor>* values) const;
  std::vector<at::Tensor> Begin(const Tensors& inputs) const;

  std::vector<std::string> names_;   // of the values
  std::vector<at::Tensor> initial_;  // constants in place, others undefined
  std::vector<int> inputs_, wanted_;
  std::vector<Step> steps_;
  bool any_batch_ = true;
};

}  // namespace phosphene::onnx
