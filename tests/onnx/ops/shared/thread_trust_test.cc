#include "server/engine/onnx/ops/shared/thread_trust.h"

#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

using Way = ThreadTrust::Way;

// A trial where one thread gives ones, and the other ways what they are told;
// an undefined tensor is a way that is not there.
std::function<ThreadTrust::Trial()> Giving(const at::Tensor& together,
                                           const at::Tensor& pieces,
                                           int* trials = nullptr) {
  return [=] {
    if (trials != nullptr) ++*trials;
    return [=](Way way) {
      return way == Way::kTogether ? together
             : way == Way::kPieces ? pieces
                                   : at::ones({4});
    };
  };
}

class ThreadTrustTest : public testing::Test {
 protected:
  const LaneWidth lane_{2};
  ThreadTrust trust_;
  const at::Tensor same_ = at::ones({4}), other_ = at::tensor({1., 1., 1., 2.});
};

TEST_F(ThreadTrustTest, TheFirstWayWithTheSameBitsIsTaken) {
  EXPECT_EQ(trust_.For({1}, Giving(same_, same_)), Way::kTogether);
  EXPECT_EQ(trust_.For({2}, Giving(other_, same_)), Way::kPieces);
  EXPECT_EQ(trust_.For({3}, Giving(other_, {})), Way::kOneThread);
  EXPECT_EQ(trust_.tried(), 3);
  EXPECT_EQ(trust_.alone(), 1);
}

TEST_F(ThreadTrustTest, AKindIsTriedOnceForEachNumberOfThreads) {
  int trials = 0;
  for (int i = 0; i < 3; ++i) trust_.For({7}, Giving(same_, {}, &trials));
  EXPECT_EQ(trials, 1);
  const LaneWidth wider(3);
  trust_.For({7}, Giving(same_, {}, &trials));
  EXPECT_EQ(trials, 2);
}

TEST_F(ThreadTrustTest, OneThreadNeedsNoTrial) {
  const OneThread alone;
  int trials = 0;
  EXPECT_EQ(trust_.For({7}, Giving(same_, {}, &trials)), Way::kOneThread);
  EXPECT_EQ(trials, 0);
}

TEST_F(ThreadTrustTest, WhatThrowsIsNotTrustedNorRemembered) {
  const auto throws = []() -> ThreadTrust::Trial {
    return [](Way) -> at::Tensor { TORCH_CHECK(false, "no memory"); };
  };
  EXPECT_EQ(trust_.For({7}, throws), Way::kOneThread);
  EXPECT_EQ(trust_.tried(), 0);
  EXPECT_EQ(trust_.For({7}, Giving(same_, {})), Way::kTogether);
}

TEST_F(ThreadTrustTest, ManyThreadsMayAskAtATime) {
  std::vector<std::thread> lanes;
  for (int i = 0; i < 4; ++i) {
    lanes.emplace_back([this] {
      const LaneWidth lane(2);
      for (int64_t key = 0; key < 50; ++key)
        EXPECT_EQ(trust_.For({key}, Giving(same_, {})), Way::kTogether);
    });
  }
  for (std::thread& lane : lanes) lane.join();
  EXPECT_EQ(trust_.tried(), 50);
}

TEST(TrialNoiseTest, HasLayoutAndTypeAndIsTheSameEachTime) {
  const at::Tensor like = at::empty({2, 70, 40, 30}, at::kBFloat16)
                              .contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor noise = TrialNoise(like);
  EXPECT_EQ(noise.strides(), like.strides());
  EXPECT_EQ(noise.scalar_type(), at::kBFloat16);
  EXPECT_TRUE(SameBits(noise, TrialNoise(like)));
  EXPECT_GT(noise.to(at::kFloat).std().item<float>(), 0.5);
  EXPECT_LE(noise.abs().max().item<float>(), 1);
  // No two rows alike.
  EXPECT_FALSE(at::equal(noise[0], noise[1]));
}

TEST(SameBitsTest, TellsZerosOfTwoSignsApart) {
  const at::Tensor zero = at::zeros({2});
  EXPECT_TRUE(SameBits(zero, at::zeros({2})));
  EXPECT_FALSE(SameBits(zero, zero.neg()));
  EXPECT_FALSE(SameBits(zero, at::zeros({2, 1})));
  EXPECT_FALSE(SameBits(zero, zero.to(at::kDouble)));
}

}  // namespace
}  // namespace phosphene::onnx
