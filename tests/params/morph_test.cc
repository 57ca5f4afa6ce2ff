#include "server/engine/params/morph.h"

#include "absl/strings/str_cat.h"
#include "tests/params/fixture.h"

namespace phosphene {
namespace {

constexpr char kFirst[] =
    "blobs/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
constexpr char kSecond[] =
    "blobs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

std::string MorphText(const std::string& base, int rows,
                      const std::string& more = "") {
  return absl::StrCat(base, " rows: ", rows, " init { morph { checkpoints: '",
                      kFirst, "' checkpoints: '", kSecond, "' ", more, " } }");
}

// A morph between two random states of `base`.
std::unique_ptr<Param> Morph(const std::string& base, int rows,
                             const std::string& more = "") {
  const v1::Parameterization spec = ParamSpec(MorphText(base, rows, more));
  EXPECT_OK(CheckParam(spec, "p"));
  ParamContext context = ContextOf(spec);
  context.load_tensors = [&](absl::string_view blob) {
    auto param = MakeOrDie(base, blob == kFirst ? 1 : 2);
    Walk(*param);
    return SaveTensors(*param);
  };
  auto param = MakeParam(spec, context);
  EXPECT_OK(param);
  return param.ok() ? std::move(*param) : nullptr;
}

TEST(MorphTest, TheLoopStopsAtEveryCheckpointAndIsSymmetric) {
  EXPECT_EQ(MorphPointOf(0, 12, 3).from, 0);
  EXPECT_EQ(MorphPointOf(4, 12, 3).from, 1);
  EXPECT_EQ(MorphPointOf(4, 12, 3).ease, 0);
  EXPECT_EQ(MorphPointOf(11, 12, 3).to, 0);
  for (int row = 1; row < 8; ++row) {
    const MorphPoint there = MorphPointOf(row, 8, 2),
                     back = MorphPointOf(8 - row, 8, 2);
    const double a = there.from == 0 ? there.ease : 1 - there.ease;
    const double b = back.from == 0 ? back.ease : 1 - back.ease;
    EXPECT_NEAR(a, b, 1e-12) << row;
  }
}

TEST(MorphTest, ItIsSlowAtTheEnds) {
  const double first = MorphPointOf(1, 100, 2).ease,
               middle = MorphPointOf(25, 100, 2).ease;
  EXPECT_NEAR(middle, .5, 1e-12);
  EXPECT_LT(first, .02 / 5);
}

TEST(MorphTest, RowsAreTheArticlesMixOfWeights) {
  const auto param = Morph("cppn { depth: 2 } width: 8", 4);
  auto first = MakeOrDie("cppn { depth: 2 } width: 8", 1);
  auto second = MakeOrDie("cppn { depth: 2 } width: 8", 2);
  Walk(*first);
  Walk(*second);
  const at::Tensor p = SaveTensors(*first).at("weights")[0];
  const at::Tensor q = SaveTensors(*second).at("weights")[0];
  const at::Tensor rows = SaveTensors(*param).at("weights");
  EXPECT_TRUE(at::equal(rows[0], p));
  EXPECT_TRUE(at::allclose(rows[1], (p + q) / 2 * 1.25));
  EXPECT_TRUE(at::allclose(rows[2], q));
  EXPECT_TRUE(at::allclose(rows[3], rows[1]));
}

TEST(MorphTest, WithoutExaggerationItIsPlainInterpolation) {
  const at::Tensor rows =
      SaveTensors(*Morph("pixel {} width: 4", 4, "exaggeration: 0"))
          .at("pixels");
  EXPECT_TRUE(at::allclose(rows[1], (rows[0] + rows[2]) / 2, 1e-4, 1e-6));
}

TEST(MorphTest, CheckpointsOfAnotherKindOrOfManyRowsAreNamed) {
  const v1::Parameterization spec = ParamSpec(MorphText("cppn {} width: 8", 4));
  ParamContext context = ContextOf(spec);
  context.load_tensors = [](absl::string_view) {
    return SaveTensors(*MakeOrDie("pixel {} width: 8"));
  };
  const absl::Status kind = MakeParam(spec, context).status();
  EXPECT_EQ(kind.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(kind.message()), testing::HasSubstr(kFirst));
  context.load_tensors = [](absl::string_view) {
    return SaveTensors(*MakeOrDie("cppn {} width: 8 rows: 2"));
  };
  EXPECT_THAT(
      std::string(MakeParam(spec, context).status().message()),
      testing::HasSubstr("a morph of this parameterization needs 1x8451"));
}

TEST(MorphTest, BadSpecsAreRefusedWithTheField) {
  const auto faults = [](const std::string& text) {
    return std::string(CheckParam(ParamSpec(text), "p").message());
  };
  EXPECT_THAT(faults(absl::StrCat("cppn {} init { morph { checkpoints: '",
                                  kFirst, "' } }")),
              testing::HasSubstr("p.init.morph.checkpoints"));
  EXPECT_THAT(faults(MorphText("cppn {}", 2, "exaggeration: 9")),
              testing::HasSubstr("p.init.morph.exaggeration"));
  EXPECT_THAT(faults(MorphText("stack { shared { height: 4 width: 4 } }", 2)),
              testing::HasSubstr("p.init.morph"));
}

}  // namespace
}  // namespace phosphene
