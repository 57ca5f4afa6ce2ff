// Between real numbers and quantized ones.

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/quantized.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

// The range of output_dtype, where it is stated.
bool StatedRange(const OpInit& init, QuantizedRange* range) {
  const int64_t type = init.Int("output_dtype", 0);
  if (type == 0) return false;
  // ONNX's numbers of the element types.
  if (type == 2) *range = {0, 255};
  if (type == 3) *range = {-128, 127};
  if (type == 4) *range = {0, 65535};
  if (type == 5) *range = {-32768, 32767};
  if (type < 2 || type > 5) {
    init.Fail(absl::StrCat("quantizes to element type ", type,
                           " of ONNX; 8 and 16 bits are built"));
  }
  return true;
}

int64_t ReadBlock(const OpInit& init) {
  const int64_t block = init.Int("block_size", 0);
  if (block < 0) init.Fail("has a block_size below 0");
  return block;
}

}  // namespace

// Inputs x, scale, zero point.
OpRun PrepareQuantizeLinear(const OpInit& init) {
  init.NeedInputs(2, 3);
  QuantizedRange stated;
  const bool is_stated = StatedRange(init, &stated);
  return OnOneDevice([axis = init.Int("axis", 1), block = ReadBlock(init),
                      stated, is_stated](const Tensors& in) {
    const at::Tensor zero = Optional(in, 2);
    const QuantizedRange range =
        zero.defined() || !is_stated ? RangeOfZero(zero) : stated;
    return Tensors{Quantized(in[0], SpreadOver(in[1], in[0], axis, block),
                             SpreadOver(zero, in[0], axis, block), range)};
  });
}

OpRun PrepareDequantizeLinear(const OpInit& init) {
  init.NeedInputs(2, 3);
  const bool typed = init.Int("output_dtype", 0) != 0;
  const at::ScalarType type =
      typed ? init.Computed(init.Type("output_dtype", at::kFloat)) : at::kFloat;
  return OnOneDevice([axis = init.Int("axis", 1), block = ReadBlock(init),
                      typed, type](const Tensors& in) {
    const at::Tensor scale = SpreadOver(in[1], in[0], axis, block);
    return Tensors{
        Dequantized(in[0], typed ? scale.to(type) : scale,
                    SpreadOver(Optional(in, 2), in[0], axis, block))};
  });
}

OpRun PrepareDynamicQuantizeLinear(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [](const Tensors& in) {
    const SelfQuantized q = QuantizedByItself(in[0]);
    return Tensors{q.y, q.scale, q.zero};
  };
}

}  // namespace phosphene::onnx
