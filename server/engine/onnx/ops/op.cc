// What operators share: reading attributes, limits on sizes, small helpers.

#include "server/engine/onnx/ops/op.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/utf8.h"
#include "server/engine/onnx/file/tensor_proto.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

thread_local int64_t size_limit = kMaxElements;

}  // namespace

ScopedSizeLimit::ScopedSizeLimit(int64_t elements) : before_(size_limit) {
  size_limit = std::min(size_limit, elements);
}

ScopedSizeLimit::~ScopedSizeLimit() { size_limit = before_; }

const Attribute* OpInit::Find(const char* name, Attribute::Type type) const {
  const auto it = node.attributes.find(name);
  if (it == node.attributes.end()) return nullptr;
  if (it->second.type != type)
    Fail(absl::StrCat("attribute ", name, " has the wrong type"));
  return &it->second;
}

int64_t OpInit::Int(const char* attribute, int64_t otherwise) const {
  const Attribute* found = Find(attribute, Attribute::kInt);
  return found ? found->i : otherwise;
}

double OpInit::Float(const char* attribute, double otherwise) const {
  const Attribute* found = Find(attribute, Attribute::kFloat);
  return found ? found->f : otherwise;
}

std::string OpInit::String(const char* attribute,
                           const std::string& otherwise) const {
  const Attribute* found = Find(attribute, Attribute::kString);
  // As text: it may be repeated in a message.
  return found ? ToUtf8(found->s, kMaxNameLength) : otherwise;
}

std::vector<int64_t> OpInit::Ints(const char* attribute,
                                  std::vector<int64_t> otherwise) const {
  const Attribute* found = Find(attribute, Attribute::kInts);
  return found ? found->ints : std::move(otherwise);
}

std::vector<double> OpInit::Floats(const char* attribute) const {
  const Attribute* found = Find(attribute, Attribute::kFloats);
  return found ? std::vector<double>(found->floats.begin(), found->floats.end())
               : std::vector<double>();
}

at::Tensor OpInit::Tensor(const char* attribute) const {
  const Attribute* found = Find(attribute, Attribute::kTensor);
  return found ? found->t : at::Tensor();
}

at::ScalarType OpInit::Type(const char* attribute,
                            at::ScalarType otherwise) const {
  const Attribute* found = Find(attribute, Attribute::kInt);
  if (found == nullptr) return otherwise;
  const auto type = ToScalarType(found->i);
  if (!type.ok())
    Fail(absl::StrCat("attribute ", attribute, ": ", type.status().message()));
  return *type;
}

at::ScalarType OpInit::Computed(at::ScalarType type) const {
  const bool changes =
      options.float_type && at::isFloatingType(type) && type != at::kDouble;
  return changes ? *options.float_type : type;
}

void OpInit::NeedInputs(size_t least, size_t most) const {
  size_t connected = 0;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    connected += HasInput(i) ? 1 : 0;
  bool first_there = true;
  for (size_t i = 0; i < least; ++i) first_there = first_there && HasInput(i);
  if (!first_there || connected > most) {
    Fail(absl::StrCat("has ", connected, " inputs where ", least,
                      most == least      ? ""
                      : most == SIZE_MAX ? " or more"
                                         : absl::StrCat(" to ", most),
                      " are needed"));
  }
}

void OpInit::Fail(absl::string_view message) const {
  throw BadNode(std::string(message));
}

OpRun Unary(const OpInit& init, at::Tensor (*fn)(const at::Tensor& x)) {
  init.NeedInputs(1, 1);
  return [fn](const Tensors& in) { return Tensors{fn(in[0])}; };
}

OpRun Binary(const OpInit& init,
             at::Tensor (*fn)(const at::Tensor& a, const at::Tensor& b)) {
  init.NeedInputs(2, 2);
  return OnOneDevice(
      [fn](const Tensors& in) { return Tensors{fn(in[0], in[1])}; });
}

at::Tensor Optional(const Tensors& in, size_t i) {
  return i < in.size() ? in[i] : at::Tensor();
}

std::vector<int64_t> ToInts(const at::Tensor& tensor) {
  TORCH_CHECK(
      tensor.defined() && at::isIntegralType(tensor.scalar_type(), true),
      "an integer tensor is needed");
  const at::Tensor flat = tensor.to(at::kCPU, at::kLong).contiguous().view(-1);
  const int64_t* data = flat.const_data_ptr<int64_t>();
  return std::vector<int64_t>(data, data + flat.numel());
}

void CheckSize(at::IntArrayRef dims) {
  int64_t count = 1;
  for (int64_t dim : dims) {
    TORCH_CHECK(dim >= 0, "a size of ", dim, " is asked for");
    TORCH_CHECK(dim == 0 || count <= size_limit / dim, "a tensor of ", dims,
                " is asked for; at most ", size_limit, " elements are made");
    count *= dim;
  }
}

int64_t WrapAxis(int64_t axis, int64_t rank) {
  TORCH_CHECK(axis >= -rank && axis < std::max<int64_t>(rank, 1), "axis ", axis,
              " is outside of ", -rank, "..", rank - 1);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace phosphene::onnx
