// The laws every transform keeps, run over examples of all registered kinds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "tests/support/status_matchers.h"
#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

struct Example {
  std::string text;    // of the Transform
  bool random = true;  // another step can draw another result
  bool linear = true;  // affine in the image
  int64_t channels = 3;
};

const std::vector<Example>& Examples() {
  static const auto* examples = new std::vector<Example>{
      {"pad { pixels: 3 }", false},
      {"pad { pixels: 3 mode: RANDOM_CONSTANT }"},
      {"pad { pixels: 20 mode: REFLECT }", false},
      {"jitter { pixels: 5 }"},
      {"scale { factors: [0.8, 0.9, 1, 1.1, 1.4] }"},
      {"rotate { angles: [-30, -12, 10, 25] }"},
      {"rotate { angles: [-30, -12, 10, 25] sampling: BILINEAR }"},
      {"crop { height: 9 width: 12 }"},
      {"crop { height: 20 width: 7 center: true }", false},
      {"flip { horizontal: 0.5 vertical: 0.5 }"},
      {"blur { max_sigma: 2 }"},
      {"noise { sd: 0.1 }"},
      {"random_background {}", true, false, 4},
      {"random_background { kind: COLOR }", true, false, 4},
      {"random_background { kind: UNIFORM }", true, false, 4},
      {"random_background { kind: BLACK }", false, false, 4},
      {"random_background { kind: WHITE }", false, false, 4},
      {"random_background { kind: CHECKERBOARD }", false, false, 4},
      {"color_noise {}"},
      {"resize { height: 11 width: 23 }", false},
      {"fit {}", false},
      {"fit { height: 11 width: 23 }", false},
      {"fit { multiple: 12 }", false},
      {"fit { width: 9 least: 30 }", false},
      {"roll {}"},
      {"roll { pixels: 2 }"},
      {"preset { name: STANDARD }"},
      {"preset { name: NONE }", false},
      {"preset { name: TRANSPARENT }", true, false, 4},
  };
  return *examples;
}

class TransformLaws : public testing::TestWithParam<Example> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(GetParam().text, &spec_));
    transform_ = MakeTransform(spec_);
  }
  at::Tensor Picture(int64_t rows, uint64_t seed = 1) const {
    return NoisePicture(rows, GetParam().channels, 16, 16, seed) * 0.8 + 0.1;
  }
  at::Tensor Run(const at::Tensor& image, int64_t step = 0, uint64_t seed = 7) {
    return transform_->Apply(image, {seed, step, 0});
  }
  v1::Transform spec_;
  std::unique_ptr<ImageTransform> transform_;
};

TEST_P(TransformLaws, PassesItsOwnCheck) {
  EXPECT_OK(TransformChain::Check(ListOf({spec_}), GetParam().channels, 16, 16,
                                  "spec.transforms"));
}

TEST_P(TransformLaws, KeepsTheBatchAndItsWordOnSizes) {
  int64_t min_h = 16, min_w = 16, max_h = 16, max_w = 16;
  transform_->MinSize(&min_h, &min_w);
  transform_->MaxSize(&max_h, &max_w);
  for (int64_t step = 0; step < 12; ++step) {
    const at::Tensor out = Run(Picture(3), step);
    EXPECT_EQ(out.size(0), 3);
    EXPECT_EQ(out.size(1), transform_->Channels(GetParam().channels));
    EXPECT_GE(out.size(2), min_h);
    EXPECT_LE(out.size(2), max_h);
    EXPECT_GE(out.size(3), min_w);
    EXPECT_LE(out.size(3), max_w);
    EXPECT_TRUE(out.isfinite().all().item<bool>());
  }
}

TEST_P(TransformLaws, TheSameDrawGivesTheSameImage) {
  EXPECT_TRUE(at::equal(Run(Picture(2), 5), Run(Picture(2), 5)));
}

TEST_P(TransformLaws, StepsAndSeedsDrawAnew) {
  const auto differs = [&](const auto& run) {
    for (int64_t i = 1; i < 20; ++i) {
      if (!at::equal(run(0), run(i))) return true;
    }
    return false;
  };
  const at::Tensor image = Picture(1);
  EXPECT_EQ(differs([&](int64_t i) { return Run(image, i); }),
            GetParam().random);
  EXPECT_EQ(differs([&](int64_t i) { return Run(image, 0, i); }),
            GetParam().random);
}

// A recorded step does the work of the step it was recorded at, on what later
// steps draw. Steps may be replayed for one another when they put tensors of
// the same shapes in.
TEST_P(TransformLaws, ReplayedStepsEqualTheirOwnUnlessItsKindSaysWhyNot) {
  const at::Tensor image = Picture(2);
  // Null where the step cannot be run without its values.
  const auto collect = [&](int64_t step) -> std::unique_ptr<CollectingFeed> {
    auto feed = std::make_unique<CollectingFeed>();
    try {
      transform_->Apply(image.to(at::kMeta), {7, step, 0, feed.get()});
    } catch (const c10::Error&) {
      return nullptr;
    }
    return feed;
  };
  const auto recorded = collect(0);
  bool equal = recorded != nullptr;
  for (int64_t step = 1; equal && step < 12; ++step) {
    const auto drawn = collect(step);
    equal = drawn != nullptr;
    if (!equal || drawn->key() != recorded->key()) continue;
    at::Tensor replayed = Run(image, 0);
    if (!drawn->tensors().empty()) {
      StaticFeed feed(drawn->tensors(), at::kCPU);
      feed.Fill(drawn->tensors());
      replayed = transform_->Apply(image, {7, 0, 0, &feed});
    }
    const at::Tensor own = Run(image, step);
    equal =
        equal && replayed.sizes() == own.sizes() && at::allclose(replayed, own);
  }
  EXPECT_EQ(equal, FindTransformKind(spec_)->why_not_replayed(spec_).empty());
}

// On a GPU rows go through passes of one shape: what a row draws changes their
// numbers, never how many there are.
TEST_P(TransformLaws, RowsDrawnApartShareTheirPasses) {
  spec_.set_per_row(true);
  const TransformKind* kind = FindTransformKind(spec_);
  if (!kind->why_not_replayed(spec_).empty()) return;
  const auto chain = MakeChain(ListOf({spec_}), 16, 16);
  const at::Tensor image = at::empty({4, GetParam().channels, 16, 16},
                                     at::TensorOptions().device(at::kMeta));
  std::set<std::string> keys;
  for (int64_t step = 0; step < 20; ++step) {
    CollectingFeed feed;
    chain->set_feed(&feed);
    ASSERT_NO_THROW(chain->Apply(image, 7, step)) << "step " << step;
    keys.insert(feed.key());
  }
  // One shape a step but where sizes are drawn for all rows.
  EXPECT_LE(keys.size(), spec_.has_preset() ? 12u : 1u);
}

TEST_P(TransformLaws, IsDifferentiable) {
  const at::Tensor image = Picture(2).requires_grad_(true);
  Run(image).square().sum().backward();
  EXPECT_TRUE(image.grad().isfinite().all().item<bool>());
  EXPECT_GT(image.grad().abs().max().item<float>(), 0);
}

TEST_P(TransformLaws, LinearOnesHaveTheirAdjointAsGradient) {
  if (!GetParam().linear) return;
  for (int64_t step = 0; step < 6; ++step) {
    const at::Tensor x = Picture(2).requires_grad_(true);
    const at::Tensor out = Run(x, step);
    const at::Tensor y =
        NoisePicture(out.size(0), out.size(1), out.size(2), out.size(3), 3);
    (out * y).sum().backward();
    const at::Tensor linear = out.detach() - Run(at::zeros_like(x), step);
    const double left = (linear * y).sum().item<double>();
    const double right = (x.detach() * x.grad()).sum().item<double>();
    EXPECT_NEAR(left, right, 1e-4 * std::abs(left) + 1e-4);
  }
}

// Nonlinear ones: the gradient predicts the change along a direction.
TEST_P(TransformLaws, GradientAgreesWithDifferences) {
  const at::Tensor x = Picture(1).requires_grad_(true);
  const at::Tensor out = Run(x);
  const at::Tensor y =
      NoisePicture(out.size(0), out.size(1), out.size(2), out.size(3), 3);
  (out * y).sum().backward();
  const at::Tensor direction =
      NoisePicture(1, GetParam().channels, 16, 16, 4) - 0.5;
  const double eps = 0.01;
  const auto value = [&](double t) {
    return (Run(x.detach() + direction * t).to(at::kDouble) * y)
        .sum()
        .item<double>();
  };
  const double slope = (value(eps) - value(-eps)) / (2 * eps);
  const double predicted = (x.grad() * direction).sum().item<double>();
  EXPECT_NEAR(predicted, slope, 0.01 * std::abs(slope) + 0.01);
}

TEST_P(TransformLaws, RowsOfASharedDrawDoNotSeeEachOther) {
  const at::Tensor image = Picture(3);
  const at::Tensor together = Run(image);
  for (int64_t row = 0; row < 3; ++row) {
    EXPECT_TRUE(
        at::equal(together.narrow(0, row, 1), Run(image.narrow(0, row, 1))));
  }
}

TEST_P(TransformLaws, PerRowDrawsDifferAndTheFirstRowIsTheSharedOne) {
  spec_.set_per_row(true);
  const auto per_row = MakeTransform(spec_);
  const at::Tensor image = Picture(1).expand({6, -1, -1, -1}).contiguous();
  bool differ = false;
  for (int64_t step = 0; step < 8; ++step) {
    const at::Tensor out = per_row->Apply(image, {7, step, 0});
    ASSERT_EQ(out.size(0), 6);
    const at::Tensor first =
        per_row->Apply(image.narrow(0, 0, 1), {7, step, 0});
    EXPECT_TRUE(at::equal(out.narrow(0, 0, 1), first));
    for (int64_t row = 1; row < 6; ++row)
      differ = differ || !at::equal(out[0], out[row]);
  }
  EXPECT_EQ(differ, GetParam().random);
}

TEST_P(TransformLaws, MemoryLayoutMakesNoDifference) {
  const at::Tensor image = Picture(2);
  const at::Tensor last =
      image.contiguous(at::MemoryFormat::ChannelsLast).requires_grad_(true);
  const at::Tensor planar = image.clone().requires_grad_(true);
  const at::Tensor a = Run(planar), b = Run(last);
  EXPECT_TRUE(at::allclose(a, b, 1e-5, 1e-6));
  a.square().sum().backward();
  b.square().sum().backward();
  EXPECT_TRUE(at::allclose(planar.grad(), last.grad(), 1e-4, 1e-5));
}

TEST_P(TransformLaws, AlphaMovesLikeTheFourthChannel) {
  if (transform_->Channels(4) != 4) return;  // drops it
  const at::Tensor image = NoisePicture(2, 4, 16, 16);
  const at::Tensor moved =
      transform_->ApplyAlpha(image.narrow(1, 3, 1), {7, 2, 0});
  EXPECT_TRUE(at::allclose(moved, Run(image, 2).narrow(1, 3, 1), 1e-5, 1e-6));
}

std::string NameOf(const testing::TestParamInfo<Example>& info) {
  std::string name = std::to_string(info.index);
  for (char c : info.param.text.substr(0, info.param.text.find(' '))) name += c;
  return name;
}
INSTANTIATE_TEST_SUITE_P(AllKinds, TransformLaws, testing::ValuesIn(Examples()),
                         NameOf);

TEST(TransformConformance, EveryKindHasAnExample) {
  std::set<std::string> arms;
  for (const Example& example : Examples()) {
    v1::Transform spec;
    ASSERT_TRUE(
        google::protobuf::TextFormat::ParseFromString(example.text, &spec));
    arms.insert(FindTransformKind(spec)->arm);
  }
  for (const TransformKind* kind : TransformKinds())
    EXPECT_TRUE(arms.count(kind->arm)) << kind->arm;
}

}  // namespace
}  // namespace phosphene
