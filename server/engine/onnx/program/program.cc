// Turns a rewritten graph into steps, and runs them.

#include "server/engine/onnx/program/program.h"

#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/program/passes.h"
#include "server/engine/tensor/allocation_limit.h"
#include "server/engine/tensor/guard.h"

namespace phosphene::onnx {

absl::Status CheckOpsKnown(const Graph& graph) {
  std::vector<std::string> unknown;
  std::set<std::string> seen;
  for (const Node& node : graph.nodes) {
    if (FindOp(node.op) == nullptr && seen.insert(node.op).second) {
      unknown.push_back(absl::StrCat(node.op, " (node \"", node.name, "\")"));
    }
  }
  if (unknown.empty()) return absl::OkStatus();
  const size_t count = unknown.size();
  constexpr size_t kMaxNamed = 20;
  if (count > kMaxNamed) unknown.resize(kMaxNamed);
  return absl::UnimplementedError(absl::StrCat(
      "unsupported operator", count > 1 ? "s" : "", ": ",
      absl::StrJoin(unknown, ", "),
      count > kMaxNamed ? absl::StrCat(" and ", count - kMaxNamed, " more")
                        : ""));
}

// Turns a rewritten graph into steps.
class ProgramBuilder {
 public:
  ProgramBuilder(Graph graph, const OpOptions& options, WeightCache* cache)
      : graph_(std::move(graph)), options_(options), cache_(cache) {}

  // The wanted values, after rewriting.
  absl::StatusOr<std::unique_ptr<Program>> Build(
      const std::vector<std::string>& inputs,
      const std::vector<std::string>& wanted) {
    for (const std::string& input : inputs)
      program_->inputs_.push_back(Number(input));
    std::unordered_set<std::string> known(inputs.begin(), inputs.end());
    for (const Node& node : graph_.nodes) {
      for (const std::string& input : node.inputs) {
        if (input.empty() || known.count(input) > 0 ||
            graph_.constants.count(input) > 0)
          continue;
        return absl::InvalidArgumentError(
            absl::StrCat(Describe(node), " needs the graph input \"", input,
                         "\", which is not an image"));
      }
      known.insert(node.outputs.begin(), node.outputs.end());
      RETURN_IF_ERROR(AddStep(node));
    }
    for (const std::string& value : wanted)
      program_->wanted_.push_back(Number(value));
    FindLastReads();
    return std::move(program_);
  }

 private:
  int Number(const std::string& value) {
    if (value.empty()) return -1;
    const auto [it, added] =
        numbers_.emplace(value, static_cast<int>(numbers_.size()));
    if (added) {
      program_->names_.push_back(value);
      const auto constant = graph_.constants.find(value);
      program_->initial_.push_back(constant == graph_.constants.end()
                                       ? at::Tensor()
                                       : Convert(value, constant->second));
    }
    return it->second;
  }

  // The type a constant has in the program.
  at::ScalarType TypeOf(const at::Tensor& tensor) const {
    const bool retype = options_.float_type &&
                        at::isFloatingType(tensor.scalar_type()) &&
                        tensor.scalar_type() != at::kDouble;
    return retype ? *options_.float_type : tensor.scalar_type();
  }

  // A constant in the program's type and on its device; integers stay on the
  // CPU, where shapes are computed.
  at::Tensor Convert(const std::string& name, const at::Tensor& tensor) {
    if (!at::isFloatingType(tensor.scalar_type())) return tensor;
    const at::ScalarType type = TypeOf(tensor);
    if (type == tensor.scalar_type() && options_.device.is_cpu()) return tensor;
    const std::string key = absl::StrCat(name, "|", c10::toString(type), "|",
                                         options_.device.str());
    return cache_->Get(key, [&] { return tensor.to(options_.device, type); });
  }

  // The small constants among a node's inputs in the program's type on the CPU.
  // None where all are there anyway.
  Tensors OnHost(const Node& node) const {
    Tensors host;
    if (options_.device.is_cpu()) return host;
    for (const std::string& input : node.inputs) {
      const auto constant = graph_.constants.find(input);
      const bool small = constant != graph_.constants.end() &&
                         constant->second.numel() <= kMaxOnHost;
      host.push_back(small ? constant->second.to(TypeOf(constant->second))
                           : at::Tensor());
    }
    return host;
  }

  // Sizes that are computed in floating point stay on the CPU, like those in
  // integers: a step whose inputs are there, all but constants, takes these
  // from there too.
  void StayOnHost(Program::Step* step, Tensors host) const {
    bool has_floats = false, varies = false;
    for (size_t i = 0; i < host.size(); ++i) {
      const int input = step->inputs[i];
      varies = varies || (input >= 0 && !program_->initial_[input].defined());
      has_floats = has_floats || (host[i].defined() &&
                                  at::isFloatingType(host[i].scalar_type()));
    }
    if (!has_floats || !varies) return;
    step->run = [run = std::move(step->run),
                 host = std::move(host)](const Tensors& in) {
      Tensors near = in;
      for (size_t i = 0; i < in.size(); ++i) {
        if (host[i].defined()) near[i] = host[i];
      }
      const bool stays = std::all_of(
          near.begin(), near.end(),
          [](const at::Tensor& t) { return !t.defined() || t.is_cpu(); });
      return run(stays ? near : in);
    };
  }

  absl::Status AddStep(const Node& node) {
    Program::Step step;
    step.what = Describe(node);
    for (const std::string& input : node.inputs)
      step.inputs.push_back(Number(input));
    for (const std::string& output : node.outputs)
      step.outputs.push_back(Number(output));
    Tensors constants;
    for (int input : step.inputs) {
      constants.push_back(input < 0 ? at::Tensor() : program_->initial_[input]);
    }
    const OpKind& op = *FindOpOrOwn(node.op);
    const OpInit init(node, graph_.opset, std::move(constants), options_,
                      OnHost(node));
    absl::Status status;
    const absl::Status guarded = Guarded(step.what, [&] {
      try {
        step.run = op.prepare(init);
      } catch (const BadNode& e) {
        status =
            absl::InvalidArgumentError(absl::StrCat(step.what, " ", e.what()));
      }
    });
    RETURN_IF_ERROR(status);
    RETURN_IF_ERROR(guarded);
    StayOnHost(&step, OnHost(node));
    program_->any_batch_ = program_->any_batch_ && op.traits.any_batch;
    program_->steps_.push_back(std::move(step));
    return absl::OkStatus();
  }

  void FindLastReads() {
    std::unordered_set<int> kept(program_->wanted_.begin(),
                                 program_->wanted_.end());
    for (size_t i = program_->steps_.size(); i-- > 0;) {
      Program::Step& step = program_->steps_[i];
      for (const std::vector<int>* values : {&step.inputs, &step.outputs}) {
        for (int value : *values) {
          if (value >= 0 && kept.insert(value).second)
            step.last_reads.push_back(value);
        }
      }
    }
  }

  // Elements of constants that are numbers, sizes or factors of axes.
  static constexpr int64_t kMaxOnHost = 1024;

  Graph graph_;
  const OpOptions& options_;
  WeightCache* const cache_;
  std::unordered_map<std::string, int> numbers_;
  std::unique_ptr<Program> program_ = std::make_unique<Program>();
};

namespace {

// Until what this thread queued on a GPU is done.
void WaitFor(at::Device device) {
  const c10::impl::VirtualGuardImpl gpu(device.type());
  gpu.synchronizeStream(gpu.getStream(device));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Program>> Program::Compile(
    const Graph& graph, const std::vector<std::string>& inputs,
    const std::vector<std::string>& wanted, const OpOptions& options,
    WeightCache* cache) {
  Graph own = graph;
  Prune(wanted, &own);
  RETURN_IF_ERROR(CheckOpsKnown(own));
  const auto same = RemoveNoOps({wanted.begin(), wanted.end()}, &own);
  std::vector<std::string> renamed = wanted;
  for (std::string& value : renamed) {
    const auto it = same.find(value);
    if (it != same.end()) value = it->second;
  }
  const Wanted barriers(renamed.begin(), renamed.end());
  RETURN_IF_ERROR(Guarded("folding weights", [&] {
    at::NoGradGuard no_grad;
    FoldBatchNorms(barriers, cache, &own);
  }));
  FuseActivations(barriers, &own);
  FuseGelus(barriers, &own);
  GroupConvolutions(&own);
  ASSIGN_OR_RETURN(
      auto program,
      ProgramBuilder(std::move(own), options, cache).Build(inputs, renamed));
  RETURN_IF_ERROR(Guarded("laying out weights", [&] {
    // Jobs share them, and read them on streams of their own.
    if (options.device.is_cuda()) WaitFor(options.device);
  }));
  return program;
}

std::vector<at::Tensor> Program::Begin(const Tensors& inputs) const {
  TORCH_CHECK(inputs.size() == inputs_.size(), "the network has ",
              inputs_.size(), " inputs");
  std::vector<at::Tensor> values = initial_;
  for (size_t i = 0; i < inputs.size(); ++i) values[inputs_[i]] = inputs[i];
  return values;
}

void Program::Execute(const Step& step, std::vector<at::Tensor>* values) {
  // CheckSize holds operators that make a size; this, those that broadcast.
  const ScopedAllocationLimit memory(kMaxElements *
                                     static_cast<int64_t>(sizeof(float)));
  Tensors arguments;
  for (int input : step.inputs)
    arguments.push_back(input < 0 ? at::Tensor() : (*values)[input]);
  try {
    Tensors results = step.run(arguments);
    TORCH_CHECK(results.size() >= step.outputs.size(), "it makes ",
                results.size(), " outputs where ", step.outputs.size(),
                " are read");
    for (size_t i = 0; i < step.outputs.size(); ++i) {
      if (step.outputs[i] >= 0)
        (*values)[step.outputs[i]] = std::move(results[i]);
    }
  } catch (c10::Error& e) {
    e.add_context(absl::StrCat("in ", step.what));
    throw;
  }
}

Tensors Program::Run(const Tensors& inputs) const {
  std::vector<at::Tensor> values = Begin(inputs);
  for (const Step& step : steps_) {
    Execute(step, &values);
    for (int value : step.last_reads) values[value] = at::Tensor();
  }
  Tensors out;
  for (int value : wanted_) out.push_back(values[value]);
  return out;
}

Program::Shapes Program::ShapesOf(const Tensors& inputs) const {
  at::NoGradGuard no_grad;
  std::vector<size_t> last_read(names_.size(), 0);
  for (size_t i = 0; i < steps_.size(); ++i) {
    for (int input : steps_[i].inputs) {
      if (input >= 0) last_read[input] = i;
    }
  }
  Shapes shapes;
  std::vector<at::Tensor> values = Begin(inputs);
  for (size_t i = 0; i < steps_.size(); ++i) {
    const std::string why = TryStep(steps_[i], shapes, &values);
    for (int output : steps_[i].outputs) {
      if (output < 0) continue;
      if (!why.empty()) {
        shapes.failed[names_[output]] = why;
        continue;
      }
      shapes.made[names_[output]] = values[output].sizes().vec();
      if (last_read[output] <= i) values[output] = at::Tensor();
    }
    for (int input : steps_[i].inputs) {
      if (input >= 0 && last_read[input] == i) values[input] = at::Tensor();
    }
  }
  return shapes;
}

std::string Program::TryStep(const Step& step, const Shapes& shapes,
                             std::vector<at::Tensor>* values) const {
  for (int input : step.inputs) {
    if (input < 0) continue;
    const auto failed = shapes.failed.find(names_[input]);
    if (failed != shapes.failed.end()) return failed->second;
  }
  try {
    Execute(step, values);
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& e) {
    return e.what_without_backtrace();
  }
  return "";
}

}  // namespace phosphene::onnx
