#include "absl/strings/str_cat.h"
#include "server/engine/params/spectrum.h"
#include "tests/params/fixture.h"

namespace phosphene {
namespace {

// The values before the sigmoid, in RGB basis.
at::Tensor ValuesOf(Param& param) {
  return at::logit(param.Image(0).detach().to(at::kDouble));
}

// Magnitudes of a row's interior columns; the first and the last mix mirrored
// pairs.
at::Tensor Magnitudes(const at::Tensor& values) {
  const at::Tensor spectrum = at::fft_rfft2(values).abs();
  return spectrum.narrow(-1, 1, spectrum.size(-1) - 2);
}

TEST(PhaseTest, EveryRowHasTheContrastAskedFor) {
  for (const double contrast : {.2, 1., 2.5}) {
    const auto param =
        MakeOrDie(absl::StrCat("phase { contrast: ", contrast,
                               " } rows: 2 width: 32 color { basis: RGB }"));
    const at::Tensor values = ValuesOf(*param);
    for (int row = 0; row < 2; ++row) {
      EXPECT_NEAR(values[row].std(false).item<double>(), contrast,
                  .01 * contrast);
      EXPECT_NEAR(values[row].mean().item<double>(), 0, 1e-4);
    }
  }
}

TEST(PhaseTest, MagnitudesFollowThePowerLawWhateverThePhases) {
  const auto param =
      MakeOrDie("phase { decay: 1.5 } width: 32 color { basis: RGB }");
  Walk(*param);
  const at::Tensor found = Magnitudes(ValuesOf(*param));
  const at::Tensor law = PowerLaw(32, 32, 1.5).narrow(1, 1, 15).to(at::kDouble);
  const at::Tensor ratio = found / law;
  EXPECT_LT((ratio.std() / ratio.mean()).item<double>(), .01);
}

TEST(PhaseTest, MeasuredMagnitudesAreThoseOfTheImages) {
  const std::string blob = "blobs/" + std::string(64, 'a');
  const v1::Parameterization spec =
      ParamSpec("width: 32 color { basis: RGB } phase { measured { images: \"" +
                blob + "\" } }");
  ASSERT_OK(CheckParam(spec, "p"));
  const at::Tensor photo = SmoothImage({1, 3, 32, 32}, 1);
  ParamContext context = ContextOf(spec);
  context.load_image = [&](absl::string_view) { return photo; };
  ASSERT_OK_AND_ASSIGN(const auto param, MakeParam(spec, context));
  const at::Tensor found = Magnitudes(ValuesOf(*param));
  const at::Tensor wanted = Magnitudes(photo.to(at::kDouble));
  const at::Tensor loud = wanted.gt(wanted.max() * .01);
  const at::Tensor ratio = (found / wanted).masked_select(loud);
  EXPECT_LT((ratio.std() / ratio.mean()).item<double>(), .02);
}

TEST(PhaseTest, MeasuringWithoutALoaderIsAnErrorNotACrash) {
  const std::string blob = "blobs/" + std::string(64, 'a');
  const v1::Parameterization spec =
      ParamSpec("width: 8 phase { measured { images: \"" + blob + "\" } }");
  EXPECT_THAT(MakeParam(spec, ContextOf(spec)),
              StatusIs(absl::StatusCode::kFailedPrecondition, "images"));
}

}  // namespace
}  // namespace phosphene
