// The laws of a parameterization, held by every kind in the registry.

#include <cmath>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/params/fixture.h"

namespace phosphene {
namespace {

// Specs tried by arm, beside the canvas. An arm that is not here is tried as
// an empty message.
const std::multimap<std::string, std::string>& Examples() {
  static const std::multimap<std::string, std::string> examples = {
      {"pixel", "pixel {}"},
      {"pixel", "pixel { sd: 0.02 } color { basis: RGB squash: CLIP }"},
      {"pixel", "pixel {} channels: 4 color { squash: CLIP }"},
      {"fourier", "fourier {}"},
      {"laplacian", "laplacian {}"},
      {"laplacian", "laplacian { levels: 7 sd: 0.1 } width: 23 height: 17"},
      {"laplacian", "laplacian {} channels: 1"},
      {"stack",
       "stack { unique { fourier {} } shared { height: 5 width: 7 } "
       "shared { rows: 2 height: 3 width: 3 weight: 0.5 } }"},
      {"stack", "stack { unique { laplacian {} } } channels: 4"},
      {"stack", "stack { shared { height: 9 width: 12 sd: 0.1 } }"},
      {"cppn", "cppn {}"},
      {"cppn",
       "cppn { periodic: true activation: UNBIASED } width: 23 height: 17"},
      {"cppn",
       "cppn { activation: RELU depth: 3 hidden_channels: 7 } channels: 1"},
      {"cppn", "cppn { activation: ABS depth: 2 normalize: true } channels: 4"},
      {"cppn", "cppn { normalize: true depth: 3 }"},
      {"cppn",
       "cppn { depth: 3 } width: 101 height: 97 color { basis: DECORRELATED }"},
      {"rgba", "rgba { fourier {} }"},
      {"rgba", "rgba { pixel { sd: 0.1 } } color { squash: CLIP }"},
      {"rgba", "rgba { laplacian {} }"},
      {"phase", "phase {}"},
      {"phase",
       "phase { decay: 1.5 contrast: 0.5 } width: 23 height: 17 channels: 1"},
      {"fourier", "fourier { sd: 0.05 decay: 1.5 } width: 23 height: 17"},
      {"fourier", "fourier {} channels: 1"},
      {"fourier", "fourier {} channels: 2 color { squash: CLIP }"},
      {"fourier", "fourier {} color { basis: YCBCR }"},
      {"fourier",
       "fourier {} color { basis: CUSTOM matrix: [1,.2,0, .1,.9,0, 0,.3,1.1] "
       "}"},
  };
  return examples;
}

std::vector<std::string> Cases() {
  std::vector<std::string> cases;
  for (const ParamKind* kind : ParamKinds()) {
    if (kind->has_surface) continue;  // texture_test.cc has their laws
    const auto [begin, end] = Examples().equal_range(kind->arm);
    for (auto it = begin; it != end; ++it) cases.push_back(it->second);
    if (begin == end) cases.push_back(absl::StrCat(kind->arm, " {}"));
  }
  return cases;
}

v1::Parameterization SpecOf(const std::string& text, int rows) {
  v1::Parameterization spec = ParamSpec(text);
  if (spec.width() == 0) spec.set_width(24);
  if (spec.height() == 0) spec.set_height(18);
  spec.set_rows(rows);
  return spec;
}

// Shared tensors may not exceed the canvas.
void ShrinkShared(v1::Parameterization& spec) {
  if (!spec.has_stack()) return;
  for (auto& shared : *spec.mutable_stack()->mutable_shared()) {
    shared.set_width(std::min(shared.width(), spec.width()));
    shared.set_height(std::min(shared.height(), spec.height()));
  }
}

class ParamLaw : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<Param> Make(uint64_t seed = 7) {
    return MakeOrDie(spec_, seed);
  }
  at::Tensor Weights() const {
    return Noise(
        {canvas_.rows, canvas_.channels, canvas_.height, canvas_.width}, 3);
  }
  // Offsets move the image of every step, not the one rendered.
  bool MovesEachStep() const {
    return spec_.has_cppn() && spec_.cppn().periodic();
  }

  const v1::Parameterization spec_ = SpecOf(GetParam(), 2);
  const Canvas canvas_ = CanvasOf(spec_);
};

TEST_P(ParamLaw, TensorsAreNamedF32LeavesRowFirst) {
  const auto param = Make();
  std::set<std::string> names;
  for (const ParamTensor& tensor : param->Tensors()) {
    EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
    EXPECT_EQ(tensor.value.scalar_type(), at::kFloat);
    EXPECT_TRUE(tensor.value.is_leaf() && tensor.value.requires_grad())
        << tensor.name;
    if (tensor.per_row) {
      EXPECT_EQ(tensor.value.size(0), canvas_.rows) << tensor.name;
    }
  }
  EXPECT_FALSE(names.empty());
}

TEST_P(ParamLaw, TensorsHaveRowsWhereItsKindSaysSo) {
  if (!FindParamKind(spec_)->tensors_have_rows) return;
  for (const ParamTensor& tensor : Make()->Tensors())
    EXPECT_TRUE(tensor.per_row) << tensor.name;
}

TEST_P(ParamLaw, ItsKindSaysWhetherItStartsFromAnImage) {
  const auto why = FindParamKind(spec_)->why_not_from_image;
  const absl::Status status = Make()->SetImage(
      at::full({1, canvas_.channels, canvas_.height, canvas_.width}, 0.5f));
  EXPECT_EQ(status.ok(), why != nullptr && why(spec_).empty()) << status;
}

TEST_P(ParamLaw, TheImageHasTheCanvasShapeAndLiesWithinZeroToOne) {
  const auto param = Make();
  for (int round = 0; round < 2; ++round) {
    const at::Tensor image = param->Image(0);
    EXPECT_EQ(image.sizes(), at::IntArrayRef({canvas_.rows, canvas_.channels,
                                              canvas_.height, canvas_.width}));
    EXPECT_EQ(image.scalar_type(), at::kFloat);
    EXPECT_GE(image.min().item<float>(), 0);
    EXPECT_LE(image.max().item<float>(), 1);
    Walk(*param);
  }
}

TEST_P(ParamLaw, EveryTensorGetsAFiniteGradientThatIsNotZero) {
  const auto param = Make();
  Walk(*param);
  for (const auto& [name, grad] : Gradients(*param, Weights())) {
    ASSERT_TRUE(grad.defined()) << name;
    EXPECT_TRUE(at::isfinite(grad).all().item<bool>()) << name;
    EXPECT_GT(grad.abs().max().item<float>(), 0) << name;
  }
}

TEST_P(ParamLaw, TheStartHasAGradient) {
  const auto param = Make();
  double sum = 0;
  for (const auto& [name, grad] : Gradients(*param, Weights())) {
    if (grad.defined()) sum += grad.abs().sum().item<double>();
  }
  EXPECT_GT(sum, 0);
}

TEST_P(ParamLaw, TheGradientAgreesWithFiniteDifferences) {
  const auto param = Make();
  Walk(*param);
  const at::Tensor weights = Weights();
  const auto grads = Gradients(*param, weights);
  // Along each tensor's gradient, so that the slope is far from rounding.
  for (const ParamTensor& tensor : param->Tensors()) {
    const at::NoGradGuard no_grad;
    at::Tensor value = tensor.value;
    const at::Tensor grad = grads.at(tensor.name);
    const double norm = grad.norm().item<double>();
    const double slope_at =
        grad.to(at::kDouble).square().sum().item<double>() / norm;
    const at::Tensor start = value.clone();
    const auto loss_at = [&](double t) {
      value.copy_(start + grad * (t / norm));
      return (param->Image(0).to(at::kDouble) * weights).sum().item<double>();
    };
    // A step that moves no pixel far, so that the map is nearly straight.
    double h = 1e-2 * start.norm().item<double>();
    const at::Tensor image = param->Image(0);
    const auto furthest = [&](double t) {
      loss_at(t);
      return (param->Image(0) - image).abs().max().item<double>();
    };
    while (furthest(h) > .002) h /= 2;
    const double slope = (loss_at(h) - loss_at(-h)) / (2 * h);
    value.copy_(start);
    EXPECT_NEAR(slope, slope_at, .02 * slope_at) << tensor.name;
  }
}

TEST_P(ParamLaw, TheSameSeedGivesTheSameImage) {
  EXPECT_TRUE(at::equal(Make(11)->Image(0), Make(11)->Image(0)));
}

TEST_P(ParamLaw, AnotherSeedStartsElsewhere) {
  const auto one = SaveTensors(*Make(11));
  const auto other = SaveTensors(*Make(12));
  for (const auto& [name, value] : one)
    EXPECT_FALSE(at::equal(value, other.at(name))) << name;
}

TEST_P(ParamLaw, ARowInCompanyEqualsTheRowAlone) {
  const v1::Parameterization three = SpecOf(GetParam(), 3);
  const auto batch = MakeOrDie(three, 11);
  for (const ParamTensor& tensor : batch->Tensors()) {
    if (!tensor.per_row)
      GTEST_SKIP() << tensor.name << " joins the rows on purpose";
  }
  const Canvas canvas = CanvasOf(three);
  const at::Tensor weights =
      Noise({3, canvas.channels, canvas.height, canvas.width}, 3);
  for (int64_t row = 0; row < 3; ++row) {
    const auto alone = MakeOrDie(SpecOf(GetParam(), 1), RowSeed(11, row));
    EXPECT_TRUE(at::equal(alone->Image(4), batch->Image(4).narrow(0, row, 1)));
    const auto grads = Gradients(*batch, weights);
    for (const auto& [name, grad] :
         Gradients(*alone, weights.narrow(0, row, 1))) {
      EXPECT_TRUE(at::equal(grad, grads.at(name).narrow(0, row, 1))) << name;
    }
  }
}

TEST_P(ParamLaw, SavedTensorsRestoreTheImage) {
  const auto walked = Make(11);
  Walk(*walked);
  const auto restored = Make(11);
  ASSERT_FALSE(at::equal(walked->Image(3), restored->Image(3)));
  ASSERT_OK(LoadTensors(*restored, SaveTensors(*walked)));
  EXPECT_TRUE(at::equal(walked->Image(3), restored->Image(3)));
}

TEST_P(ParamLaw, SetImageRestartsFromThatImageOrSaysItCannot) {
  const auto param = Make();
  const at::Tensor image = SmoothImage(canvas_, canvas_.rows);
  const absl::Status status = param->SetImage(image);
  if (spec_.has_pixel() || spec_.has_fourier() || spec_.has_laplacian() ||
      spec_.has_rgba()) {
    ASSERT_OK(status);
  }
  if (status.ok()) {
    EXPECT_GT(Psnr(param->Image(0), image), 60);
    for (const ParamTensor& tensor : param->Tensors()) {
      EXPECT_TRUE(tensor.value.is_leaf() && tensor.value.requires_grad());
    }
  } else {
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnimplemented));
  }
}

TEST_P(ParamLaw, RenderAtCanvasSizeEqualsTheImage) {
  if (MovesEachStep())
    GTEST_SKIP() << "the image of a step is moved by an offset";
  const auto param = Make();
  Walk(*param);
  EXPECT_TRUE(
      at::equal(param->Render(canvas_.height, canvas_.width), param->Image(0)));
}

TEST_P(ParamLaw, RenderGivesAnySizeWithoutGradient) {
  const auto param = Make();
  Walk(*param);
  for (const auto& [height, width] : {std::pair{9, 11}, {50, 31}, {1, 1}}) {
    const at::Tensor image = param->Render(height, width);
    EXPECT_EQ(image.sizes(),
              at::IntArrayRef({canvas_.rows, canvas_.channels, height, width}));
    EXPECT_FALSE(image.requires_grad());
    EXPECT_GE(image.min().item<float>(), 0);
    EXPECT_LE(image.max().item<float>(), 1);
  }
}

TEST_P(ParamLaw, TinyOddAndNarrowCanvasesWork) {
  for (const auto& [height, width] :
       {std::pair{16, 16}, {15, 17}, {1, 1}, {1, 6}, {7, 1}, {2, 2}, {3, 40}}) {
    v1::Parameterization spec = spec_;
    spec.set_width(width);
    spec.set_height(height);
    ShrinkShared(spec);
    const auto param = MakeOrDie(spec);
    const at::Tensor image = param->Image(0);
    EXPECT_EQ(image.size(2), height);
    EXPECT_EQ(image.size(3), width);
    EXPECT_TRUE(at::isfinite(image).all().item<bool>())
        << height << "x" << width;
    image.sum().backward();
    for (const ParamTensor& tensor : param->Tensors()) {
      EXPECT_TRUE(at::isfinite(tensor.value.grad()).all().item<bool>())
          << height << "x" << width;
    }
  }
}

std::string NameOf(const testing::TestParamInfo<std::string>& info) {
  return absl::StrCat(info.param.substr(0, info.param.find(' ')), info.index);
}
INSTANTIATE_TEST_SUITE_P(AllKinds, ParamLaw, testing::ValuesIn(Cases()),
                         NameOf);

}  // namespace
}  // namespace phosphene
