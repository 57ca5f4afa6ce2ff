#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/file/tensor_proto.h"

namespace phosphene::onnx {

// Opsets of the default domain that are read.
constexpr int64_t kMinOpset = 5;
constexpr int64_t kMaxOpset = 26;
// The one that messages tell to export or convert to: what every exporter and
// converter writes.
constexpr int64_t kExportOpset = 17;

// What reading a file may allocate at most: this many times its size (integers
// written in one byte each take 8, and 24 while their list grows; weights are
// held once at most) and as much again as kMaxParts empty messages take.
constexpr int64_t kReadFactor = 32;
constexpr int64_t kReadBytes = int64_t{384} << 20;

// Reads ONNX bytes into a sorted graph: the file's own functions put in place,
// Constant nodes among the constants. Nothing in the file is trusted: no read
// leaves it, and no more than kReadFactor and kReadBytes tell is allocated.
// Operators are not looked at; what cannot be read of values and nodes is noted
// on them (Graph::unread, Node::fault). INVALID_ARGUMENT or UNIMPLEMENTED say
// what is wrong with the whole and where: not an ONNX file (and what it seems
// to be), cut off, an opset out of range, tensors that do not fit their data,
// cycles, values nobody makes.
//
// The graph's large constants are read where they lie in the file, if it has an
// owner: pages of a mapped file instead of memory. The file is at most 2 GiB.
absl::StatusOr<Graph> LoadGraph(const ModelBytes& file);
inline absl::StatusOr<Graph> LoadGraph(absl::string_view bytes) {
  return LoadGraph(ModelBytes{bytes, nullptr});
}

}  // namespace phosphene::onnx
