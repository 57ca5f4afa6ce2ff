#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "phosphene/v1/model.pb.h"

namespace CLI {
class App;
}  // namespace CLI

namespace phosphene::client {

// How images enter a network, as flags of `models add`; empty: inferred.
struct ModelConfigFlags {
  bool bgr = false;
  bool rgb = false;
  std::string mean;    // a,b,c or one number
  std::string std;     // a,b,c or one number
  std::string range;   // lo,hi
  std::string labels;  // file, a class a line
  std::string license;
  std::string description;
  std::string input;
  std::string layout;  // nchw or nhwc
  std::string size;    // HxW or N
  int channels = 0;    // 0: the file's
};

void AddModelConfigFlags(CLI::App* command, ModelConfigFlags* flags);

// Errors are named by flag.
absl::StatusOr<v1::ModelConfig> MakeModelConfig(const ModelConfigFlags& flags);

}  // namespace phosphene::client
