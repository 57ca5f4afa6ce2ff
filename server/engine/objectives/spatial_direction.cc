// A pattern of directions: mean of <a, v> max(0.1, cos)^p, position by
// position, at the centre. Source: lucid objectives.tensor_direction.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/cosine.h"
#include "server/engine/objectives/shared/fields.h"

namespace phosphene {
namespace {

// The centre `height` x `width` of [N,C,h,w].
at::Tensor Center(const at::Tensor& map, int64_t height, int64_t width) {
  return map.narrow(2, (map.size(2) - height) / 2, height)
      .narrow(3, (map.size(3) - width) / 2, width);
}

class SpatialDirection final : public ObjectiveFn {
 public:
  SpatialDirection(std::string layer, at::Tensor pattern, double power)
      : layer_(std::move(layer)), pattern_(std::move(pattern)), power_(power) {}

  at::Tensor Value(const StepView& view) override {
    const at::Tensor map = view.Layer(layer_);
    const int64_t h = std::min(map.size(2), pattern_.size(2));
    const int64_t w = std::min(map.size(3), pattern_.size(3));
    return DotCosine(Center(map, h, w), Center(pattern_, h, w), power_)
        .mean({1, 2});
  }

 private:
  std::string layer_;
  at::Tensor pattern_;  // [1,C,height,width] f32
  double power_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const v1::SpatialDirectionObjective& own = spec.spatial_direction();
  const std::string field = absl::StrCat(path, ".spatial_direction.pattern");
  const int64_t cells = int64_t{own.height()} * own.width();
  if (own.height() < 1 || own.width() < 1) return;
  const int64_t channels = LayerChannels(network, canvas, own.layer());
  if (channels > 0) {
    CheckCount(own.pattern_size(), channels * cells, field, faults);
  } else if (own.pattern_size() % cells != 0) {
    faults.Add(field, absl::StrCat("has ", own.pattern_size(),
                                   " entries; allowed: channels * height * "
                                   "width, a multiple of ",
                                   cells));
  }
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::SpatialDirectionObjective& own = spec.spatial_direction();
  ASSIGN_OR_RETURN(std::string layer, context.Want(own.layer()));
  const at::Tensor pattern = ValuesTensor(own.pattern())
                                 .view({1, -1, own.height(), own.width()})
                                 .to(context.device);
  return std::make_unique<SpatialDirection>(std::move(layer), pattern,
                                            own.cossim_power());
}

}  // namespace

const ObjectiveKind& SpatialDirectionObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "spatial_direction",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep};
  return kind;
}

}  // namespace phosphene
