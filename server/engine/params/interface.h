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
#include "server/engine/tensor/canvas.h"
#include "server/engine/tensor/param_tensor.h"
#include "server/engine/tensor/replayable.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Canvas with defaults filled in.
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
  // The bytes of a blob, such as a mesh.
  std::function<absl::StatusOr<std::string>(absl::string_view blob)> read_blob;
  // The parameter tensors of a checkpoint blob by name, f32 on the CPU, for
  // `init.checkpoint`, and what Param::Save kept beside them; the format is the
  // caller's.
  std::function<absl::StatusOr<std::map<std::string, at::Tensor>>(
      absl::string_view blob)>
      load_tensors;
};

class Surface;  // surface.h

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
  // The size of the images that SetImage takes and a mask has; `fallback`, the
  // canvas, unless it paints something else than the canvas.
  virtual Canvas StartCanvas(const Canvas& fallback) const { return fallback; }

  // Optimizes only where `mask` [1,1,H,W] f32 0..1 of StartCanvas is 1 and
  // keeps its present start elsewhere. False: it leaves that to who made it,
  // who blends the images.
  virtual bool TakeMask(const at::Tensor& mask) { return false; }

  // Where it paints an object in space: what it knows of it; else null.
  virtual Surface* surface() { return nullptr; }
  // Remarks on the run for who looks at its result.
  virtual std::vector<std::string> Notes() { return {}; }
  // State beside the tensors that a checkpoint must keep; same keys both ways.
  virtual void Save(std::map<std::string, at::Tensor>* state) const {}
  virtual void Load(const std::map<std::string, at::Tensor>& state) {}
};

// Copies `values` into the tensors of the same names. All must be there with
// the same shapes: FAILED_PRECONDITION says which is not, and nothing is
// changed then. Working sets are passed over: Param::Load brings their store.
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
  // Paints an object in space (Param::surface).
  bool has_surface = false;
  // Largest side of a picture it renders; 0: any.
  int64_t max_picture_side = 0;
  // Bytes its tensors, their gradients and optimizer state take at the least,
  // where that is not told by the canvas; null: by the canvas.
  int64_t (*least_memory)(const v1::Parameterization& spec) = nullptr;
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
