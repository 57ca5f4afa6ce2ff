#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/parameterization.pb.h"
#include "server/base/faults.h"
#include "server/engine/tensor/replayable.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Canvas with defaults filled in.
struct Canvas {
  int64_t rows = 1;
  int64_t channels = 3;  // of the image: 1, 3, 4 (rgba) or n
  int64_t height = 224;
  int64_t width = 224;
};
Canvas CanvasOf(const v1::Parameterization& spec);
// Likewise, with 0 for what a field that breaks its rule leaves unknown: for
// checks, which then say nothing about it.
Canvas KnownCanvasOf(const v1::Parameterization& spec);

// What a parameterization is made from.
struct ParamContext {
  Canvas canvas;
  uint64_t seed = 0;
  at::Device device = at::kCPU;
  // An image blob as f32 [1,C,H,W] 0..1 on the CPU, RGB (C=3) or RGBA (C=4).
  std::function<absl::StatusOr<at::Tensor>(absl::string_view blob)> load_image;
  // The parameter tensors of a checkpoint blob by name, f32 on the CPU, for
  // `init.checkpoint`; the format is the caller's.
  std::function<absl::StatusOr<std::map<std::string, at::Tensor>>(
      absl::string_view blob)>
      load_tensors;
};

// A tensor the optimizer moves.
struct ParamTensor {
  std::string name;     // key in checkpoints, such as "spectrum"
  at::Tensor value;     // leaf, f32, requires_grad
  bool per_row = true;  // dim 0 is the row: optimizer state is kept per row
};

// Optimized tensors and the differentiable map from them to images. Random
// starts come from Rng(RowSeed(seed, row), RngStream::kInit, 0, tensor number)
// for per-row tensors, Rng(seed, ...) for shared ones. Confined to a thread.
class Param {
 public:
  virtual ~Param() = default;
  virtual std::vector<ParamTensor> Tensors() = 0;
  // The image batch [rows,channels,H,W] f32 0..1, with gradient. `step` keys
  // per-step randomness (cameras, periodic offsets).
  virtual at::Tensor Image(int64_t step) = 0;
  // The finished image at a size, no gradient: anew where there is no
  // resolution, else resized from the canvas (bilinear, antialiased).
  virtual at::Tensor Render(int64_t height, int64_t width) = 0;
  // Lines begin..end-1 of Render(height, width): a picture too large to hold
  // as floats is made in parts. Where `renders_in_parts()` is false each call
  // makes the whole picture.
  virtual at::Tensor RenderLines(int64_t height, int64_t width, int64_t begin,
                                 int64_t end) {
    return Render(height, width).narrow(2, begin, end - begin);
  }
  virtual bool renders_in_parts() const { return false; }
  // Restarts from an image batch [1 or rows, C, h, w] f32 0..1 (octaves, init
  // image), resized to the canvas when h, w differ from it. UNIMPLEMENTED where
  // the map cannot be inverted (cppn, phase); INVALID_ARGUMENT on other rows or
  // channels.
  virtual absl::Status SetImage(const at::Tensor& image) = 0;
};

// Copies `values` into the tensors of the same names. All must be there with
// the same shapes: FAILED_PRECONDITION says which is not, and nothing is
// changed then.
absl::Status LoadTensors(Param& param,
                         const std::map<std::string, at::Tensor>& values);

// A kind of parameterization: one arm of Parameterization.kind, one file.
struct ParamKind {
  const char* arm;  // proto field name: "fourier"
  // Adds what the rules of its fields cannot tell, because it needs the canvas
  // (KnownCanvasOf) or two fields at once; other fields may break their rules.
  // `path` is that of the Parameterization message. Null: the rules say all.
  void (*check)(const v1::Parameterization& spec, absl::string_view path,
                Faults& faults) = nullptr;
  absl::StatusOr<std::unique_ptr<Param>> (*make)(
      const v1::Parameterization& spec, const ParamContext& context);

  // Traits: what it is, said here and nowhere else. Functions get a spec with
  // this arm set.

  // Channels of its image where the spec states none.
  int channels = 3;
  // Every tensor is per row (ParamTensor): what a morph mixes row by row.
  bool tensors_have_rows = true;
  // Why SetImage is UNIMPLEMENTED, so that it cannot start from an image or a
  // constant; "" where it can. Null: no spec can.
  std::string (*why_not_from_image)(const v1::Parameterization& spec) = nullptr;
  // See tensor/replayable.h. Kinds that do not say are not replayed.
  std::string (*why_not_replayed)(const v1::Parameterization& spec) =
      OtherEachStep;
};

// Value of `why_not_from_image` for kinds that always can.
inline std::string FromAnyImage(const v1::Parameterization& spec) { return ""; }

// All kinds, in the order of builtins.inc.
const std::vector<const ParamKind*>& ParamKinds();
// Names of those a trait is true of, comma-separated, for messages.
std::string ParamKindsThat(bool (*is)(const ParamKind& kind));
// The kind of the set arm; nullptr when not built in.
const ParamKind* FindParamKind(const v1::Parameterization& spec);

// Checks the rules of all fields, colour, init, and what the kind's check
// tells; UNIMPLEMENTED names an arm that is not built in, when nothing else is
// wrong.
absl::Status CheckParam(const v1::Parameterization& spec,
                        absl::string_view path);
// Makes it, with colour map, mask and init applied.
absl::StatusOr<std::unique_ptr<Param>> MakeParam(
    const v1::Parameterization& spec, const ParamContext& context);

}  // namespace phosphene
