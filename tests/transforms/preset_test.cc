// The presets are the published lists.

#include "server/engine/transforms/preset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

std::vector<v1::Transform> Members(v1::PresetTransform::Name name,
                                   int64_t size = 128) {
  return FlattenTransforms(ListOf({PresetOf(name)}), size, size);
}

TEST(PresetTest, StandardIsLucids) {
  const auto list = Members(v1::PresetTransform::STANDARD);
  ASSERT_EQ(list.size(), 5u);
  EXPECT_EQ(list[0].pad().pixels(), 12);
  EXPECT_EQ(list[1].jitter().pixels(), 8);
  ASSERT_EQ(list[2].scale().factors_size(), 11);
  EXPECT_NEAR(list[2].scale().factors(0), 0.90, 1e-9);
  EXPECT_NEAR(list[2].scale().factors(10), 1.10, 1e-9);
  const auto& angles = list[3].rotate().angles();
  ASSERT_EQ(angles.size(), 26);
  EXPECT_EQ(std::count(angles.begin(), angles.end(), 0.0), 6);
  EXPECT_EQ(*std::min_element(angles.begin(), angles.end()), -10);
  EXPECT_EQ(list[4].jitter().pixels(), 4);
}

TEST(PresetTest, StandardShows125To154PixelsOf128) {
  const auto chain =
      MakeChain(ListOf({PresetOf(v1::PresetTransform::STANDARD)}), 128, 128);
  std::set<int64_t> sizes;
  for (int64_t step = 0; step < 150; ++step) {
    sizes.insert(chain->Apply(at::zeros({1, 1, 128, 128}), 1, step).size(2));
  }
  EXPECT_EQ(*sizes.begin(), 125);
  EXPECT_EQ(*sizes.rbegin(), 154);
  EXPECT_EQ(sizes.size(), 11u);
}

TEST(PresetTest, SixOfTwentySixAnglesAreZero) {
  const auto rotate = MakeTransform(Members(v1::PresetTransform::STANDARD)[3]);
  const at::Tensor image = NoisePicture(1, 1, 128, 128);
  int still = 0;
  for (int64_t step = 0; step < 1300; ++step) {
    still += at::equal(rotate->Apply(image, {1, step, 3}), image);
  }
  // Binomial(1300, 6/26): mean 300, standard deviation 15.2.
  EXPECT_NEAR(still, 300, 61);
}

TEST(PresetTest, TransparentCropsToHalfTheCanvas) {
  const auto list = Members(v1::PresetTransform::TRANSPARENT, 320);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_TRUE(list[0].has_random_background());
  ASSERT_EQ(list[1].scale().factors_size(), 6);
  EXPECT_NEAR(list[1].scale().factors(0), 0.6, 1e-9);
  EXPECT_NEAR(list[1].scale().factors(5), 1.1, 1e-9);
  EXPECT_EQ(list[2].crop().height(), 160);
}

TEST(PresetTest, HandsPerRowOn) {
  v1::Transform preset = PresetOf(v1::PresetTransform::STANDARD);
  preset.set_per_row(true);
  for (const v1::Transform& member :
       FlattenTransforms(ListOf({preset}), 64, 64)) {
    EXPECT_TRUE(member.per_row());
  }
}

}  // namespace
}  // namespace phosphene
