#include "server/engine/tensor/step_feed.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

const at::Tensor& Floats() {
  static const auto* const tensor =
      new at::Tensor(at::arange(6, at::kFloat).view({2, 3}));
  return *tensor;
}
const at::Tensor& Ints() {
  static const auto* const tensor =
      new at::Tensor(at::tensor({7, 8, 9}, at::kInt));
  return *tensor;
}

TEST(StepFeed, WithoutOneTensorsGoStraightToTheDevice) {
  EXPECT_TRUE(at::equal(FeedTo(nullptr, Floats(), at::kCPU), Floats()));
}

TEST(StepFeed, CollectingKeepsValuesAndAnswersWithShapes) {
  CollectingFeed feed;
  const at::Tensor answer = FeedTo(&feed, Floats(), at::kCPU);
  EXPECT_TRUE(answer.is_meta());
  EXPECT_EQ(answer.sizes(), Floats().sizes());
  ASSERT_EQ(feed.tensors().size(), 1u);
  EXPECT_TRUE(at::equal(feed.tensors()[0], Floats()));
}

TEST(StepFeed, KeysTellShapesTypesAndRemarksApartButNotValues) {
  const auto key = [](const at::Tensor& tensor, const std::string& remark) {
    CollectingFeed feed;
    feed.Put(tensor, remark);
    return feed.key();
  };
  EXPECT_EQ(key(Floats(), "a"), key(Floats() + 1, "a"));
  EXPECT_NE(key(Floats(), "a"), key(Floats(), "b"));
  EXPECT_NE(key(Floats(), "a"), key(Floats().t(), "a"));
  EXPECT_NE(key(Floats(), "a"), key(Floats().to(at::kDouble), "a"));
}

TEST(StepFeed, StaticTensorsStayInPlaceAndTakeNewValues) {
  StaticFeed feed({Floats(), Ints()}, at::kCPU);
  const at::Tensor floats = feed.Put(Floats(), ""), ints = feed.Put(Ints(), "");
  feed.Fill({Floats().neg(), Ints() + 1});
  EXPECT_TRUE(at::equal(floats, Floats().neg()));
  EXPECT_TRUE(at::equal(ints, Ints() + 1));
  feed.Rewind();
  EXPECT_EQ(feed.Put(Floats(), "").data_ptr(), floats.data_ptr());
}

TEST(StepFeed, AStepThatTakesOtherTensorsIsRefused) {
  StaticFeed feed({Floats()}, at::kCPU);
  EXPECT_THROW(feed.Put(Ints(), ""), c10::Error);
  EXPECT_THROW(feed.Fill({Ints()}), c10::Error);
  EXPECT_THROW(feed.Fill({}), c10::Error);
  feed.Put(Floats(), "");
  EXPECT_THROW(feed.Put(Floats(), ""), c10::Error);
}

}  // namespace
}  // namespace phosphene
