// A channel of a layer: mean over y, x of act[channel]. Source: lucid
// objectives.channel.
#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/objectives/interface.h"

namespace phosphene {
namespace {

class Channel final : public ObjectiveFn {
 public:
  Channel(std::string layer, int64_t channel)
      : layer_(std::move(layer)), channel_(channel) {}

  at::Tensor Value(const StepView& view) override {
    return view.Layer(layer_).select(1, channel_).mean({1, 2});
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
                                     .target = Target};
  return kind;
}

}  // namespace phosphene
