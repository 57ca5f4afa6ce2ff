#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/ops/options.h"
#include "server/engine/onnx/ops/traits.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

using Tensors = std::vector<at::Tensor>;

// Runs an operator: one tensor per input (undefined where an optional one is
// absent), one per output. Differentiable where autograd records; throws
// c10::Error. Inputs are never written.
using OpRun = std::function<Tensors(const Tensors& inputs)>;

// What is wrong with a node, without its name; caught where programs are made.
class BadNode : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What an operator sees of its node when a program is made.
class OpInit {
 public:
  // `constants` holds a tensor for each input that is known now, undefined for
  // the others; `host` the same on the CPU, where `constants` are not.
  OpInit(const Node& node, int64_t opset, Tensors constants,
         const OpOptions& options, Tensors host = {})
      : node(node),
        opset(opset),
        constants(std::move(constants)),
        options(options),
        host_(std::move(host)) {}

  const Node& node;
  const int64_t opset;
  const Tensors constants;
  const OpOptions& options;

  bool Has(const char* attribute) const {
    return node.attributes.count(attribute) > 0;
  }
  // An attribute's value or the default; throw BadNode when it has another
  // type.
  int64_t Int(const char* attribute, int64_t otherwise) const;
  bool Flag(const char* attribute, bool otherwise) const {
    return Int(attribute, otherwise) != 0;
  }
  double Float(const char* attribute, double otherwise) const;
  std::string String(const char* attribute, const std::string& otherwise) const;
  std::vector<int64_t> Ints(const char* attribute,
                            std::vector<int64_t> otherwise = {}) const;
  std::vector<double> Floats(const char* attribute) const;
  at::Tensor Tensor(const char* attribute) const;  // undefined when absent
  at::ScalarType Type(const char* attribute, at::ScalarType otherwise) const;

  // The type floating-point values of `type` are computed in (OpOptions), other
  // types unchanged.
  at::ScalarType Computed(at::ScalarType type) const;

  // True when input i is connected.
  bool HasInput(size_t i) const {
    return i < node.inputs.size() && !node.inputs[i].empty();
  }
  // Input i when known now, else undefined.
  at::Tensor Constant(size_t i) const {
    return i < constants.size() ? constants[i] : at::Tensor();
  }

  // Likewise on the CPU: what is read as a number is read here, not in a run,
  // which would wait for the device.
  at::Tensor HostConstant(size_t i) const {
    return i < host_.size() ? host_[i] : Constant(i);
  }

  // Throws BadNode unless between `least` and `most` inputs are connected.
  void NeedInputs(size_t least, size_t most = SIZE_MAX) const;
  // Throws BadNode.
  [[noreturn]] void Fail(absl::string_view message) const;

 private:
  const Attribute* Find(const char* name, Attribute::Type type) const;

  const Tensors host_;
};

// An operator: its ONNX name, the last opset whose definition of it is built,
// what checks a node's attributes and returns what runs it, and what it is.
struct OpKind {
  const char* name;
  int64_t last_opset;
  OpRun (*prepare)(const OpInit& init);
  OpTraits traits;
};

// All that a file may use (registry.cc, from ops/builtins.inc).
const std::vector<OpKind>& AllOps();
// One of them by name; null if unknown.
const OpKind* FindOp(absl::string_view name);
// Likewise, and those that only passes make.
const OpKind* FindOpOrOwn(absl::string_view name);

// Operators of one or two inputs that a function does as it is; two are brought
// to one device.
OpRun Unary(const OpInit& init, at::Tensor (*fn)(const at::Tensor& x));
OpRun Binary(const OpInit& init,
             at::Tensor (*fn)(const at::Tensor& a, const at::Tensor& b));

// Input i of a run, undefined when it is absent.
at::Tensor Optional(const Tensors& in, size_t i);

// Elements of an integer tensor of any type and device; throws c10::Error on
// other tensors.
std::vector<int64_t> ToInts(const at::Tensor& tensor);

// Throws c10::Error when a tensor of these dims would be beyond kMaxElements,
// or the limit in force on this thread.
void CheckSize(at::IntArrayRef dims);

// Lowers the limit of CheckSize on this thread for a scope.
class ScopedSizeLimit {
 public:
  explicit ScopedSizeLimit(int64_t elements);
  ~ScopedSizeLimit();
  ScopedSizeLimit(const ScopedSizeLimit&) = delete;
  ScopedSizeLimit& operator=(const ScopedSizeLimit&) = delete;

 private:
  const int64_t before_;
};

// axis in 0..rank-1 for one in -rank..rank-1; throws c10::Error outside.
int64_t WrapAxis(int64_t axis, int64_t rank);

}  // namespace phosphene::onnx
