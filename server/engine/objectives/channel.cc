// A channel of a layer: mean over y, x of act[channel]. Source: lucid
// objectives.channel.
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/shared/summed.h"

namespace phosphene {
namespace {

class Channel final : public Summed {
 public:
  Channel(std::string layer, int64_t channel)
      : Summed({layer}), layer_(std::move(layer)), channel_(channel) {}

  Sums SumsOf(const StepView& tile) override {
    return OverPlaces(tile.Layer(layer_).select(1, channel_));
  }
  at::Tensor Finish(const Sums& sums, const StepView& view) override {
    return MeanOf(sums);
  }

 private:
  std::string layer_;
  int64_t channel_;
};

void Check(const v1::Objective& spec, const NetworkInfo* network,
           const Canvas& canvas, absl::string_view path, Faults& faults) {
  CheckChannel(network, spec.channel().layer(), spec.channel().channel(),
               absl::StrCat(path, ".channel.channel"), faults);
}

absl::StatusOr<std::unique_ptr<ObjectiveFn>> Make(const v1::Objective& spec,
                                                  ObjectiveContext& context) {
  ASSIGN_OR_RETURN(std::string layer, context.Want(spec.channel().layer()));
  return std::make_unique<Channel>(std::move(layer), spec.channel().channel());
}

std::string Target(const v1::Objective& spec) {
  return absl::StrCat(spec.channel().layer(), ":", spec.channel().channel());
}

}  // namespace

const ObjectiveKind& ChannelObjectiveKind() {
  static const ObjectiveKind kind = {.arm = "channel",
                                     .check = Check,
                                     .make = Make,
                                     .why_not_replayed = SameEachStep,
                                     .why_not_tiled = SumsUp,
                                     .target = Target};
  return kind;
}

}  // namespace phosphene
