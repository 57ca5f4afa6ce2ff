#pragma once

#include <string>

namespace phosphene::onnx {

// False for operators through which no gradient flows: they make whole numbers
// or truth values, or are steps, whose slope is zero wherever it exists.
// OpGradientTest checks every other operator against finite differences, and
// docs/onnx_operators.md says so.
bool CarriesGradient(const std::string& op);

}  // namespace phosphene::onnx
