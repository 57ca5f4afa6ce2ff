#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// What was done to a graph so that everything else sees one kind.
struct Adapted {
  // Values of the file that are not kept, and why (readable.h).
  std::map<std::string, std::string> left_out;
  // How often the picture stands among the rows of the network's values; above
  // 1 the first counts.
  int64_t copies = 1;
};

// Makes a graph as it was read canonical: one floating-point input [N,C,H,W],
// called as in the file and named in `config.input`; operators that are listed;
// nothing that constants decide left open. Remarks go to `notes` when not null,
// a sentence each. INVALID_ARGUMENT: damage, or faults of `config` by field;
// UNIMPLEMENTED: nothing is left to be read.
absl::StatusOr<Adapted> Adapt(v1::ModelConfig* config, Graph* graph,
                              std::vector<std::string>* notes);

}  // namespace phosphene::onnx
