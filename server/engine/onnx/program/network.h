#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/model.pb.h"
#include "server/engine/engine.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// What a position of a layer sees of the picture: position i, on either axis,
// sees no pixel before i * stride - before, and none from (i + 1) * stride +
// after on. Where a tile begins at a multiple of the stride, with that much
// more of the picture around it, its positions are those of the whole picture.
struct Reach {
  int64_t stride = 1;
  int64_t before = 0, after = 0;
};

// Sizes of pictures that a network, or some layers of it, run at.
struct InputSizes {
  int64_t height = 0, width = 0;  // the one size; 0: others run
  int64_t multiple = 1;           // sides must be multiples of it
  int64_t least = 1;              // and no smaller than this

  bool Takes(int64_t h, int64_t w) const {
    return (height == 0 || h == height) && (width == 0 || w == width) &&
           h % multiple == 0 && w % multiple == 0 && h >= least && w >= least;
  }
};

// What is addressable in a network and how it takes images: parsed once a
// model, shared by all jobs on it. Immutable, thread-safe.
class NetworkInfo {
 public:
  virtual ~NetworkInfo() = default;
  virtual const v1::ModelConfig& config() const = 0;  // completed
  virtual const std::vector<v1::Layer>& layers() const = 0;
  // The layer's ONNX value name for a name or alias; NOT_FOUND lists the
  // nearest names. "input" and "image" are not resolved here.
  virtual absl::StatusOr<std::string> Resolve(
      absl::string_view layer) const = 0;
  // Channels of a resolved layer (0 unknown).
  virtual int64_t Channels(absl::string_view resolved) const = 0;
  // What its positions see. UNIMPLEMENTED names the node that sees the whole
  // picture at once, or one that is not followed.
  virtual absl::StatusOr<Reach> ReachOf(absl::string_view resolved) const {
    return absl::UnimplementedError("what layers see is not known");
  }
  // Bytes of activations in f32 that these layers and all they are made from
  // take for each pixel of the picture, gradients left out; 0 unknown.
  virtual double BytesPerPixel(const std::vector<std::string>& resolved) const {
    return 0;
  }
  // Value name of the logits (see ClassLogitObjective.layer); "" if none.
  virtual std::string Logits() const = 0;
  virtual int64_t input_channels() const = 0;
  // Sizes that all of these layers run at.
  virtual InputSizes SizesOf(const std::vector<std::string>& resolved) const {
    return {input_height(), input_width(), 1, 1};
  }
  // 0 where any size runs.
  virtual int64_t input_height() const = 0;
  virtual int64_t input_width() const = 0;
};

struct CompileOptions {
  at::Device device = at::kCPU;
  at::ScalarType dtype = at::kFloat;  // kFloat or kBFloat16
  v1::GradientOverrides::MaxPoolGradient max_pool = v1::GradientOverrides::MAX;
  bool linear_relu = false;
};

// An ONNX graph pruned to the ancestors of the wanted layers, constants and
// BatchNorms folded, weights frozen and laid out for the device. Differentiable
// with respect to the input alone. Rows of the batch never influence each
// other. Immutable but for caches; thread-safe: jobs share it.
class Network {
 public:
  virtual ~Network() = default;

  // Runs image batch `x` [N,C,H,W] f32 0..1 RGB (or n channels) through input
  // normalisation and the graph. Any H, W the graph allows. Returns wanted
  // layers by resolved name, f32 or the network's dtype: [N,C,h,w] (or [N,C]).
  // Autograd records when x requires grad; while a RedirectScope lives on the
  // thread that goes back (tensor/step_context.h), ReLUs redirect. Throws
  // c10::Error.
  virtual std::map<std::string, at::Tensor> Forward(
      const at::Tensor& x) const = 0;
};

// Parses and checks ONNX bytes. `config` is completed by inference; remarks
// (inferred conventions) go to `notes` when not null.
absl::StatusOr<std::shared_ptr<const NetworkInfo>> OpenNetwork(
    const ModelFile& file, std::vector<std::string>* notes);

// Builds the executor for `layers` (resolved names).
absl::StatusOr<std::unique_ptr<Network>> CompileNetwork(
    const std::shared_ptr<const NetworkInfo>& info,
    const std::vector<std::string>& layers, const CompileOptions& options);

// Names and last opset of the operators built in.
std::vector<std::string> OnnxOpNames();

// Facts for ModelService (opset, producer, parameter count, ...) and self-check
// notes; see Engine::Inspect.
absl::StatusOr<ModelReport> InspectNetwork(absl::string_view onnx,
                                           const v1::ModelConfig& config,
                                           absl::string_view source_file);

}  // namespace phosphene
