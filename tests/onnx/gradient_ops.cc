#include "tests/onnx/gradient_ops.h"

#include <set>

namespace phosphene::onnx {

bool CarriesGradient(const std::string& op) {
  static const auto* const kWithout = new std::set<std::string>{
      // whole numbers and truth values
      "And", "ArgMax", "ArgMin", "BitShift", "BitwiseAnd", "BitwiseNot",
      "BitwiseOr", "BitwiseXor", "Equal", "Greater", "GreaterOrEqual", "IsInf",
      "IsNaN", "Less", "LessOrEqual", "NonZero", "Not", "Or", "Shape", "Size",
      "Xor",
      // steps
      "Ceil", "Floor", "Hardmax", "Round", "Sign",
      // made from sizes and constants
      "ConstantOfShape", "EyeLike", "OneHot", "Range"};
  return kWithout->count(op) == 0;
}

}  // namespace phosphene::onnx
