#pragma once

#include "absl/strings/string_view.h"
#include "phosphene/v1/model.pb.h"

namespace phosphene {

// The network that is part of the program, so that every command works
// offline (README.md here says what it was trained on).
inline constexpr absl::string_view kEmbeddedModelName = "phosphene-tiny";

// Its ONNX file; lives as long as the program.
absl::string_view EmbeddedModelOnnx();

// Its sidecar: range, mean, std, labels, licence.
const v1::ModelConfig& EmbeddedModelConfig();

}  // namespace phosphene
