#include "server/engine/onnx/info/axis_map.h"

#include <gtest/gtest.h>

namespace phosphene::onnx {
namespace {

using Kinds = std::vector<AxisMove::Kind>;
using Places = std::vector<int64_t>;

SizePairs Sizes(const Places& one, const Places& two) {
  SizePairs pairs;
  for (size_t i = 0; i < one.size(); ++i) pairs.emplace_back(one[i], two[i]);
  return pairs;
}

Kinds KindsOf(const AxisMap& map) {
  Kinds kinds;
  for (const AxisMove& move : map) kinds.push_back(move.kind);
  return kinds;
}

Places PlacesOf(const AxisMap& map) {
  Places places;
  for (const AxisMove& move : map)
    places.push_back(move.kind == AxisMove::kGone ? -1 : move.to);
  return places;
}

TEST(AxisMapTest, PermutationsAndTheirInverse) {
  const AxisMap map = Permute({0, 2, 3, 1}, 4);
  EXPECT_EQ(PlacesOf(map), (Places{0, 3, 1, 2}));
  EXPECT_EQ(PlacesOf(Invert(map, 4)), (Places{0, 2, 3, 1}));
  EXPECT_EQ(PlacesOf(Permute({}, 3)), (Places{2, 1, 0}));
}

TEST(AxisMapTest, AxesTakenAwayAndPutIn) {
  EXPECT_EQ(PlacesOf(Remove({2, -1}, 4)), (Places{0, 1, -1, -1}));
  EXPECT_EQ(PlacesOf(Remove({0}, 3)), (Places{-1, 0, 1}));
  EXPECT_EQ(PlacesOf(Invert(Remove({1}, 3), 2)), (Places{0, 2}));
}

TEST(AxisMapTest, BroadcastingAlignsTheLast) {
  EXPECT_EQ(PlacesOf(AlignLast(2, 4)), (Places{2, 3}));
  EXPECT_EQ(PlacesOf(AlignLast(4, 2)), (Places{-1, -1, 0, 1}));
}

TEST(AxisMapTest, ReshapesKeepAxesOfTheSameStrideAndSize) {
  // [N,C,H,W] -> [N,C,HW], and back.
  const SizePairs map = Sizes({1, 6, 4, 5}, {2, 6, 4, 5}),
                  flat = Sizes({1, 6, 20}, {2, 6, 20});
  const AxisMap there = Regroup(map, flat), back = Regroup(flat, map);
  EXPECT_EQ(KindsOf(there), (Kinds{AxisMove::kExact, AxisMove::kExact,
                                   AxisMove::kJoined, AxisMove::kJoined}));
  EXPECT_EQ(PlacesOf(there), (Places{0, 1, 2, 2}));
  EXPECT_EQ(KindsOf(back),
            (Kinds{AxisMove::kExact, AxisMove::kExact, AxisMove::kSplit}));
  EXPECT_EQ(PlacesOf(back), (Places{0, 1, 3}));
}

TEST(AxisMapTest, ReshapesSplitFeaturesIntoHeads) {
  const AxisMap map = Regroup(Sizes({1, 7, 24}, {2, 7, 24}),
                              Sizes({1, 7, 3, 2, 4}, {2, 7, 3, 2, 4}));
  EXPECT_EQ(PlacesOf(map), (Places{0, 1, 4}));
  EXPECT_EQ(map[2].kind, AxisMove::kSplit);
}

TEST(AxisMapTest, ReshapesThatMixAxesTellNothing) {
  // Groups of channels, as GroupNorm is exported.
  EXPECT_EQ(PlacesOf(Regroup(Sizes({1, 6, 4, 5}, {2, 6, 4, 5}),
                             Sizes({1, 3, 40}, {2, 3, 40}))),
            (Places{0, -1, -1, -1}));
  // Other elements altogether, and none at all.
  EXPECT_EQ(PlacesOf(Regroup(Sizes({2, 3}, {2, 3}), Sizes({7}, {7}))),
            (Places{-1, -1}));
  EXPECT_EQ(PlacesOf(Regroup(Sizes({0, 3}, {0, 3}), Sizes({0}, {0}))),
            (Places{-1, -1}));
}

// Where one picture leaves two ways to see it, two pictures tell.
TEST(AxisMapTest, TwoPicturesTellTheirRowsApart) {
  EXPECT_EQ(PlacesOf(Regroup(Sizes({1, 6, 5}, {2, 6, 5}),
                             Sizes({6, 1, 5}, {6, 2, 5}))),
            (Places{-1, -1, 2}));
}

TEST(AxisMapTest, AxesOfOneAreLeftOutOfJoining) {
  EXPECT_EQ(PlacesOf(Regroup(Sizes({1, 6, 1, 1}, {2, 6, 1, 1}),
                             Sizes({1, 6}, {2, 6}))),
            (Places{0, 1, -1, -1}));
  EXPECT_EQ(
      PlacesOf(Regroup(Sizes({1, 6}, {2, 6}), Sizes({1, 1, 6}, {2, 1, 6}))),
      (Places{0, 2}));
}

}  // namespace
}  // namespace phosphene::onnx
