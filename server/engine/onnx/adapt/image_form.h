#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Copies of the picture that a batch or a video of fixed length is filled with.
constexpr int64_t kMaxCopies = 256;

// How an input holds pictures. Sizes are 0 where any are taken.
struct ImageForm {
  // Its axes in order: N rows, C channels, H, W, T frames. "NCHW" is what
  // networks are given in the end; of N and C a letter left out has one
  // element.
  std::string axes;
  bool flat = false;  // all but the rows in one axis
  int64_t rows = 0, channels = 0, height = 0, width = 0, frames = 1;

  bool Plain() const { return axes == "NCHW" && !flat; }
};

// Whether an input can be given pictures at all: floating-point or whole
// numbers, of a rank and size that pictures have. Larger is likelier: an input
// of four axes rather than one of three or five, of no stated shape, or flat.
// 0: it cannot.
int ImageLikeness(const GraphInput& input, const v1::ModelConfig& config);

// By the config where it states something, else by the input's shape, else by
// the nodes that read it first. `why` says what decided, for a note, where that
// is not plain to see. INVALID_ARGUMENT with field paths below "config": it
// contradicts the shape, or the shape is none of a picture.
absl::StatusOr<ImageForm> FormOf(const Graph& graph, const GraphInput& input,
                                 const v1::ModelConfig& config,
                                 std::string* why);

// `[N,224,224,3] of uint8`: an input as messages show it.
std::string DescribeInput(const GraphInput& input);

}  // namespace phosphene::onnx
