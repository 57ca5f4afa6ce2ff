#include "server/engine/optimize/override_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A network of layers made by these operators.
class Ops : public NetworkInfo {
 public:
  explicit Ops(std::vector<std::string> ops) {
    for (const std::string& op : ops) {
      layers_.emplace_back();
      layers_.back().set_op(op);
    }
  }
  const v1::ModelConfig& config() const override { return config_; }
  const std::vector<v1::Layer>& layers() const override { return layers_; }
  absl::StatusOr<std::string> Resolve(absl::string_view) const override {
    return absl::NotFoundError("");
  }
  int64_t Channels(absl::string_view) const override { return 0; }
  std::string Logits() const override { return ""; }
  int64_t input_channels() const override { return 3; }
  int64_t input_height() const override { return 0; }
  int64_t input_width() const override { return 0; }

 private:
  v1::ModelConfig config_;
  std::vector<v1::Layer> layers_;
};

v1::GradientOverrides Everything() {
  v1::GradientOverrides overrides;
  overrides.set_redirect_relu(v1::GradientOverrides::REDIRECT_ON);
  overrides.set_max_pool(v1::GradientOverrides::L2);
  overrides.set_linear_relu(true);
  return overrides;
}

TEST(OverrideNotes, ANetworkOfGelusIsToldThatNothingActs) {
  EXPECT_THAT(OverrideNotes(Everything(), Ops({"Conv", "Gelu", "Add"})),
              ElementsAre(HasSubstr("gradient_overrides.redirect_relu"),
                          HasSubstr("gradient_overrides.linear_relu"),
                          HasSubstr("gradient_overrides.max_pool")));
  EXPECT_THAT(OverrideNotes(Everything(), Ops({"Gelu"}))[0],
              HasSubstr("GELU, SiLU and HardSwish, keep their own gradient"));
}

TEST(OverrideNotes, WhatActsIsNotSpokenOf) {
  EXPECT_THAT(OverrideNotes(Everything(), Ops({"Relu", "MaxPool"})), IsEmpty());
  EXPECT_THAT(OverrideNotes(Everything(), Ops({"Clip", "MaxPool"})), IsEmpty());
}

TEST(OverrideNotes, DefaultsAreNoWish) {
  EXPECT_THAT(OverrideNotes({}, Ops({"HardSwish"})), IsEmpty());
  v1::GradientOverrides automatic;
  automatic.set_redirect_relu(v1::GradientOverrides::REDIRECT_AUTO);
  EXPECT_THAT(OverrideNotes(automatic, Ops({"HardSwish"})), IsEmpty());
}

}  // namespace
}  // namespace phosphene
