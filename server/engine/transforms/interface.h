#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "phosphene/v1/transform.pb.h"
#include "server/base/faults.h"
#include "server/engine/tensor/replayable.h"
#include "server/engine/tensor/rng.h"
#include "server/engine/tensor/step_feed.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// Where a transform's randomness comes from at one step. A draw shared by the
// batch uses Rng(seed, kTransform, step, position); with per_row, row r uses
// RowSeed(seed, r).
struct TransformDraw {
  uint64_t seed = 0;
  int64_t step = 0;
  uint32_t position = 0;  // in the flattened list
  // Where tensors drawn on the host go; null: straight to the image's device.
  StepFeed* feed = nullptr;
  Rng rng(int64_t row = 0) const {
    return Rng(RowSeed(seed, row), RngStream::kTransform, step, position);
  }
};

// A random, differentiable change of an image batch. Pure function of (image,
// draw). Thread-compatible.
class ImageTransform {
 public:
  virtual ~ImageTransform() = default;
  // [N,C,H,W] f32 0..1 -> [N,C',H',W']; keeps N.
  virtual at::Tensor Apply(const at::Tensor& image,
                           const TransformDraw& draw) = 0;
  // What the same draw does to a coverage mask [N,1,H,W]: moved like the image,
  // 0 where a border comes in, untouched by changes of colour. Default:
  // nothing.
  virtual at::Tensor ApplyAlpha(const at::Tensor& alpha,
                                const TransformDraw& draw) {
    return alpha;
  }
  // Size of the output for an input size, for checks: the smallest one drawn
  // and the largest. Default: unchanged. A value < 1 means the input is too
  // small.
  virtual void MinSize(int64_t* height, int64_t* width) const {}
  virtual void MaxSize(int64_t* height, int64_t* width) const {
    MinSize(height, width);
  }
  // Whatever comes in, both sides of what it leaves are multiples of this, but
  // for those its spec states.
  virtual int64_t SidesAreMultiplesOf() const { return 1; }
  // Channels out for channels in (random_background: 4 -> 3). Default: same.
  virtual int64_t Channels(int64_t in) const { return in; }
};

// A kind of transform: one arm of Transform.kind, one file.
struct TransformKind {
  const char* arm;
  // What its fields must be to each other; null: nothing. What each may hold
  // are rules of transform.proto.
  void (*check)(const v1::Transform& spec, absl::string_view path,
                Faults& faults) = nullptr;
  absl::StatusOr<std::unique_ptr<ImageTransform>> (*make)(
      const v1::Transform& spec);

  // Traits: what it is, said here and nowhere else.

  // See tensor/replayable.h. Kinds that do not say are not replayed.
  std::string (*why_not_replayed)(const v1::Transform& spec) = OtherEachStep;
  // What leaves the image on one side comes back on the other: it is a tile
  // without edges.
  bool wraps = false;
};

// Whether one of them wraps.
bool Wraps(const google::protobuf::RepeatedPtrField<v1::Transform>& transforms);

const std::vector<const TransformKind*>& TransformKinds();
const TransformKind* FindTransformKind(const v1::Transform& spec);

// `preset` arms replaced by what they stand for; canvas size is needed by
// TRANSPARENT's crop.
std::vector<v1::Transform> FlattenTransforms(
    const google::protobuf::RepeatedPtrField<v1::Transform>& transforms,
    int64_t height, int64_t width);

// A list of transforms, applied in order. May fuse neighbours as long as the
// result equals applying them one by one.
class TransformChain {
 public:
  // Checks every transform by its rules and its kind (`path` such as
  // "spec.transforms"). UNIMPLEMENTED names an arm that is not built in.
  static absl::Status CheckEach(
      const google::protobuf::RepeatedPtrField<v1::Transform>& transforms,
      absl::string_view path);
  // Likewise, and where nothing is wrong that sizes fit. REQUIRES: no more
  // entries than JobSpec.transforms may have.
  static absl::Status Check(
      const google::protobuf::RepeatedPtrField<v1::Transform>& transforms,
      int64_t channels, int64_t height, int64_t width, absl::string_view path);
  static absl::StatusOr<std::unique_ptr<TransformChain>> Make(
      const google::protobuf::RepeatedPtrField<v1::Transform>& transforms,
      int64_t height, int64_t width);
  virtual ~TransformChain() = default;
  // [N,C,H,W] f32 0..1 -> [N,C',H',W'], differentiable; the memory format of
  // `image` (planar or channels_last) is kept.
  virtual at::Tensor Apply(const at::Tensor& image, uint64_t seed,
                           int64_t step) = 0;
  // The alpha channel [N,1,H,W] as the same draws move it: what of the
  // network's input is covered by the image.
  virtual at::Tensor ApplyAlpha(const at::Tensor& alpha, uint64_t seed,
                                int64_t step) = 0;
  virtual int64_t Channels(int64_t in) const = 0;
  // Sends what the next calls draw through `feed`, which must outlive them;
  // null: no more. With a feed, an image on the meta device gives the shape of
  // the result.
  void set_feed(StepFeed* feed) { feed_ = feed; }

 protected:
  StepFeed* feed() const { return feed_; }

 private:
  StepFeed* feed_ = nullptr;
};

}  // namespace phosphene
