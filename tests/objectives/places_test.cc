#include "server/engine/objectives/shared/places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "tests/objectives/lab.h"

namespace phosphene {
namespace {

// mean_j max_i S + mean_i max_j S in doubles, from the definition.
double Reference(const at::Tensor& image, const at::Tensor& reference) {
  const auto units = [](const at::Tensor& places) {
    const at::Tensor d = places.flatten(1).to(at::kDouble);
    return d / (d.square().sum(0, true) + kLeastLength * kLeastLength).sqrt();
  };
  const at::Tensor s = at::mm(units(reference).t(), units(image));
  return std::get<0>(s.max(0)).mean().item<double>() +
         std::get<0>(s.max(1)).mean().item<double>();
}

TEST(PlacesAlike, IsTheMeanOfTheBestCosinesBothWays) {
  const at::Tensor act = Draw({2, 7, 5, 6}, 1), of = Draw({7, 4, 9}, 2);
  const at::Tensor value = PlacesAlike(act, UnitPlaces(of.flatten(1)));
  for (int64_t row = 0; row < 2; ++row) {
    EXPECT_NEAR(value[row].item<double>(), Reference(act[row], of), 1e-5);
  }
}

TEST(PlacesAlike, OfAPictureWithItselfIsTwoHoweverItsPlacesLie) {
  const at::Tensor act = Draw({1, 7, 5, 6}, 1);
  const at::Tensor rolled = at::roll(act, {2, 3}, {2, 3});
  EXPECT_NEAR(
      PlacesAlike(rolled * 3, UnitPlaces(act[0].flatten(1))).item<double>(), 2,
      1e-5);
}

// More cosines than are held at once: 2500 x 2500.
TEST(PlacesAlike, IsTheSameInPieces) {
  const at::Tensor act = Draw({1, 3, 50, 50}, 3), of = Draw({3, 50, 50}, 4);
  static_assert(2500 * 2500 > kMostCosines);
  EXPECT_NEAR(PlacesAlike(act, UnitPlaces(of.flatten(1))).item<double>(),
              Reference(act[0], of), 1e-5);
}

TEST(PlacesAlike, GradientAgreesWithDifferencesInDoubles) {
  const at::Tensor of = Draw({7, 4, 5}, 6);
  at::Tensor act = Draw({1, 7, 3, 4}, 5).requires_grad_(true);
  PlacesAlike(act, UnitPlaces(of.flatten(1))).sum().backward();
  const at::Tensor gradient = act.grad().flatten();
  const double eps = 1e-6;
  for (int64_t i = 0; i < act.numel(); i += 5) {
    at::Tensor up = act.detach().to(at::kDouble).clone(), down = up.clone();
    up.view(-1)[i] += eps;
    down.view(-1)[i] -= eps;
    const double slope =
        (Reference(up[0], of) - Reference(down[0], of)) / (2 * eps);
    EXPECT_NEAR(gradient[i].item<double>(), slope, 1e-4) << i;
  }
}

TEST(PlacesAlike, ADeadPictureHasAFiniteSlope) {
  at::Tensor act = at::zeros({1, 7, 3, 4}).requires_grad_(true);
  const at::Tensor value = PlacesAlike(act, UnitPlaces(Draw({7, 20}, 6)));
  value.sum().backward();
  EXPECT_EQ(value.item<float>(), 0);
  EXPECT_TRUE(act.grad().isfinite().all().item<bool>());
  EXPECT_GT(act.grad().abs().max().item<float>(), 0);
}

TEST(PatternObjective, OfPlacesAddsItsActivity) {
  Lab lab(2);
  const std::string image = "image: '" + BlobNamed('4') + "'";
  const at::Tensor of = TinyForward(PictureOf(BlobNamed('4'))).at("a")[0];
  const at::Tensor act = lab.View().Layer("a");
  for (const double activity : {0.0, 0.05, 2.0}) {
    const std::string own =
        activity == 0.05 ? "" : absl::StrCat(" activity: ", activity);
    const at::Tensor value =
        lab.Value("pattern { layer: 'a' match: PLACES " + image + own + " }");
    for (int64_t row = 0; row < 2; ++row) {
      EXPECT_NEAR(
          value[row].item<double>(),
          Reference(act[row], of) + activity * act[row].mean().item<double>(),
          1e-4);
    }
  }
}

TEST(PatternObjective, RefusesMorePlacesThanAStepCanHold) {
  Lab lab(1);
  lab.context.load_image =
      [](absl::string_view blob) -> absl::StatusOr<at::Tensor> {
    return PictureOf(blob, 600, 600);
  };
  lab.context.canvas.height = lab.context.canvas.width = 4096;
  const auto made = MakeObjective(
      ParseObjective("pattern { layer: 'a' match: PLACES image: '" +
                     BlobNamed('4') + "' }"),
      lab.context);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(made.status().message()),
              testing::HasSubstr("smaller"));
}

TEST(PatternObjective, IsCutIntoTilesByItsChannelsAlone) {
  const auto why = [](const std::string& match) {
    const v1::Objective spec =
        ParseObjective("pattern { layer: 'a' " + match + " }");
    return FindObjectiveKind(spec)->why_not_tiled(spec);
  };
  EXPECT_EQ(why(""), "");
  EXPECT_EQ(why("match: CHANNELS"), "");
  EXPECT_NE(why("match: PLACES"), "");
}

}  // namespace
}  // namespace phosphene
