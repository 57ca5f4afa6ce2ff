// From one channel to another over the rows: (1-w_n) mean(a1[n]) +
// w_n mean(a2[n]), w_n = n/(rows-1). Source: lucid
// objectives.channel_interpolate.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class ChannelInterpolate final : public Summed {
 public:
  ChannelInterpolate(std::string from, int64_t from_channel, std::string to,
                     int64_t to_channel)
      : Summed({from, to}),
        from_(std::move(from)),
        to_(std::move(to)),
        from_channel_(from_channel),
        to_channel_(to_channel) {}

  Sums SumsOf(const StepView& tile) override {
    const at::Tensor from = tile.Layer(from_).select(1, from_channel_);
    const at::Tensor to = tile.Layer(to_).select(1, to_channel_);
    Sums sums;
    sums.terms = {OverPlaces(from), OverPlaces(to)};
    return sums;
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    const at::Tensor from = MeanOf(sums.terms[0]), to = MeanOf(sums.terms[1]);
    const int64_t last = std::max<int64_t>(1, view.rows - 1);
    const at::Tensor w = at::arange(view.rows, from.options()) / last;
    return (1 - w) * from + w * to;
  }

 private:
  std::string from_, to_;
  int64_t from_channel_, to_channel_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  const std::string arm = absl::StrCat(path, ".channel_interpolate");
  const v1::ChannelInterpolateObjective& own = spec.channel_interpolate();
  CheckChannel(network, own.from_layer(), own.from_channel(),
               absl::StrCat(arm, ".from_channel"), faults);
  CheckChannel(network, own.to_layer(), own.to_channel(),
               absl::StrCat(arm, ".to_channel"), faults);
  CheckTwoRows(canvas, arm, faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  const v1::ChannelInterpolateObjective& own = spec.channel_interpolate();
  ASSIGN_OR_RETURN(std::string from, context.Want(own.from_layer()));
  ASSIGN_OR_RETURN(std::string to, context.Want(own.to_layer()));
  return std::make_unique<ChannelInterpolate>(
      std::move(from), own.from_channel(), std::move(to), own.to_channel());
}

std::string Target(const v1::Objective& spec) {
  const v1::ChannelInterpolateObjective& own = spec.channel_interpolate();
  return absl::StrCat(own.from_layer(), ":", own.from_channel(), ">",
                      own.to_layer(), ":", own.to_channel());
}

}  // namespace

const ObjectiveKind& ChannelInterpolateObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "channel_interpolate",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp,
                                     .target = Target};
  return kind;
}

}  // namespace phosphene
