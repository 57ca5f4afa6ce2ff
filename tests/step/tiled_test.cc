// Steps in tiles are whole steps: values, gradients, whatever the tiles; and
// they can be stopped, delayed and resumed.

#include "server/engine/step/tiled.h"

#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/mapped_file.h"
#include "server/engine/optimize/spec_check.h"
#include "server/engine/step/tile_rules.h"
#include "server/engine/step/whole.h"
#include "server/imaging/encode.h"
#include "tests/optimize/tiny_engine.h"
#include "tests/step/stepped.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A picture with something at every scale.
std::string Picture(int width, int height) {
  Image8 image{width, height, 3, {}};
  for (int i = 0; i < width * height; ++i) {
    const int x = i % width, y = i / width;
    image.pixels.push_back(static_cast<uint8_t>(128 + 100 * std::sin(x * .2)));
    image.pixels.push_back(
        static_cast<uint8_t>(128 + 100 * std::sin(x * .05 + y * .11)));
    image.pixels.push_back(static_cast<uint8_t>((x * 7 + y * 13) % 256));
  }
  return *EncodePng(image);
}

std::string Blob(char digit) { return "blobs/" + std::string(64, digit); }

// A network, a job on it, and its parts.
class Job {
 public:
  // `network`: a file, "" for the tiny one.
  Job(const v1::JobSpec& spec, const std::string& network = "")
      : spec_(spec), onnx_(network.empty() ? TinyOnnx({}) : "") {
    if (!network.empty()) file_ = *MappedFile::Open(network);
    inputs_.read_blob =
        [](absl::string_view name) -> absl::StatusOr<std::string> {
      return name == Blob('a') ? Picture(150, 110) : Picture(90, 75);
    };
    inputs_.open_model =
        [this](absl::string_view) -> absl::StatusOr<ModelFile> {
      if (file_ == nullptr)
        return ModelFile{"tiny", TinyConfig(), nullptr, onnx_, "1"};
      return ModelFile{"net", {}, file_, file_->data(), "1"};
    };
    networks_ = std::make_unique<NetworkCache>(&inputs_);
    context_.spec = &spec_;
    context_.inputs = &inputs_;
    context_.networks = networks_.get();
    context_.model = *networks_->Open("tiny");
  }

  // What the layers that objectives read ask of tiles.
  TileGrid Grid(int64_t size) {
    std::vector<std::string> layers;
    for (const v1::Objective& objective : spec_.objectives()) {
      for (const std::string& name : LayersOf(objective))
        layers.push_back(*context_.model.info->Resolve(name));
    }
    return *MakeTileGrid(*context_.model.info, layers, size, /*beyond=*/1);
  }
  Parts MakeIts(int64_t tile = 0) {
    context_.tile = tile;
    return *MakeParts(context_, 0, nullptr);
  }
  Lane At(int64_t step, const Parts& parts) {
    return LaneAt(spec_, parts.canvas.rows, step);
  }

 private:
  v1::JobSpec spec_;
  std::string onnx_;
  std::shared_ptr<const MappedFile> file_;
  EngineInputs inputs_;
  std::unique_ptr<NetworkCache> networks_;
  PlanContext context_;
};

double Distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).norm().item<double>() / b.norm().item<double>();
}

// Redirected ReLUs are of whole steps alone.
v1::JobSpec JobOf(const std::string& text) {
  v1::JobSpec spec = Spec(absl::StrCat("model: 'tiny' steps: 8 ", text));
  spec.mutable_gradient_overrides()->set_redirect_relu(
      v1::GradientOverrides::REDIRECT_OFF);
  return spec;
}

struct Found {
  std::vector<double> rows, objectives;
  std::vector<at::Tensor> gradients;
};

Found FoundBy(Stepper& stepper, Parts& parts, const Lane& lane) {
  EXPECT_OK(stepper.Advance(lane));
  Found out{stepper.RowValues(), stepper.ObjectiveValues(), {}};
  for (const ParamTensor& tensor : parts.param->Tensors())
    out.gradients.push_back(tensor.value.grad().clone());
  return out;
}

void ExpectNear(const Found& tiled, const Found& whole, double tolerance) {
  for (size_t i = 0; i < whole.rows.size(); ++i) {
    EXPECT_NEAR(tiled.rows[i], whole.rows[i],
                1e-6 * std::abs(whole.rows[i]) + 1e-9);
  }
  for (size_t i = 0; i < whole.gradients.size(); ++i)
    EXPECT_LT(Distance(tiled.gradients[i], whole.gradients[i]), tolerance);
}

Found Whole(const v1::JobSpec& spec, const std::string& network = "") {
  Job job(spec, network);
  Parts parts = job.MakeIts();
  WholeStepper stepper(parts);
  return FoundBy(stepper, parts, job.At(0, parts));
}

Found Tiled(const v1::JobSpec& spec, int64_t size,
            const std::string& network = "",
            const std::function<void(TileGrid&)>& change = nullptr) {
  Job job(spec, network);
  Parts parts = job.MakeIts(size);
  TileGrid grid = job.Grid(size);
  if (change) change(grid);
  TiledStepper stepper(parts, grid, /*delayed=*/false);
  return FoundBy(stepper, parts, job.At(0, parts));
}

class EveryKindThatSumsUp : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryKindThatSumsUp, HasTheGradientOfTheWhole) {
  const v1::JobSpec spec = JobOf(absl::StrCat(
      "parameterization { width: 150 height: 109 rows: 2 pixel { sd: 0.3 } }",
      GetParam()));
  const Found whole = Whole(spec);
  // Roots of small eigenvalues enlarge what rounding leaves.
  const bool roots = absl::StrContains(GetParam(), "WASSERSTEIN2");
  for (const int64_t size : {64, 32, 200})
    ExpectNear(Tiled(spec, size), whole, roots ? 1e-5 : 1e-6);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, EveryKindThatSumsUp,
    ::testing::Values(
        "objectives { channel { layer: 'relu2' channel: 3 } }",
        "objectives { deepdream { layer: 'relu2' } } objectives { blur {} "
        "weight: -1e-3 }",
        "objectives { total_variation { layer: 'relu2' } weight: -1e-3 } "
        "objectives { total_variation {} weight: -1e-3 }",
        "objectives { l1 { layer: 'conv2' constant: 0.2 } weight: -1 } "
        "objectives { l2 { layer: 'relu1' } weight: -0.1 row: 1 }",
        "objectives { direction { layer: 'conv2' random_seed: 4 cossim_power: "
        "1 } }",
        "objectives { gram_style { layers { layer: 'relu1' } layers { layer: "
        "'relu2' weight: 0.5 } styles { image: "
        "'blobs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bb' } } }"
        "objectives { content { layers { layer: 'relu2' } image: "
        "'blobs/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aa' } weight: 0.3 }",
        "objectives { gram_style { distance: WASSERSTEIN2 moving_average: 0.9 "
        "layers { layer: 'relu2' } styles { image: "
        "'blobs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bb' } mask: "
        "'blobs/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aa' } }",
        // References that go through the same transforms, and crops of them.
        "transforms { jitter { pixels: 3 } } "
        "objectives { gram_style { crop_each_step: true layers { layer: "
        "'relu1' } styles { image: "
        "'blobs/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
        "bb' } } }"
        "objectives { content { follow_transforms: true metric: METRIC_L2 "
        "layers { layer: 'relu2' } image: "
        "'blobs/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aa' } }",
        "objectives { product { factors { channel { layer: 'relu2' channel: 1 "
        "} } factors { sum { terms { deepdream { layer: 'relu1' } } terms { "
        "l2 { } weight: 0.01 } } } } }"));

// A margin one stride short is seen at once.
TEST(TiledStepper, NeedsAllOfItsMargin) {
  const v1::JobSpec spec = JobOf(
      "parameterization { width: 150 height: 109 pixel { sd: 0.3 } } "
      "objectives { deepdream { layer: 'relu2' } }");
  const Found whole = Whole(spec);
  const Found less = Tiled(spec, 64, "", [](TileGrid& grid) {
    grid.before = (grid.before + grid.stride - 1) / grid.stride * grid.stride -
                  grid.stride;
  });
  EXPECT_GT(Distance(less.gradients[0], whole.gradients[0]), 1e-5);
}

constexpr char kVgg[] = "../shared/models/vgg19_to_block3.onnx";

std::string StyleText(int width, int height) {
  return absl::StrCat(
      "parameterization { width: ", width, " height: ", height,
      " pixel { sd: 0.3 } } "
      "objectives { gram_style { layers { layer: 'block1_relu1' } layers { "
      "layer: 'block2_relu1' } layers { layer: 'block3_relu1' } styles { "
      "image: '",
      Blob('b'),
      "' } } } objectives { content { layers { layer: "
      "'block3_relu2' } image: '",
      Blob('a'), "' } }");
}

TEST(TiledStepper, EqualsVgg19WholeAndNeedsItsMargin) {
  if (!std::filesystem::exists(kVgg))
    GTEST_SKIP() << "the network is not there";
  const v1::JobSpec spec = JobOf(StyleText(300, 220));
  const Found whole = Whole(spec, kVgg);
  for (const int64_t size : {132, 100})
    ExpectNear(Tiled(spec, size, kVgg), whole, 1e-6);
  const Found less =
      Tiled(spec, 132, kVgg, [](TileGrid& grid) { grid.before -= 4; });
  EXPECT_GT(Distance(less.gradients[0], whole.gradients[0]), 1e-4);
}

// As large as a bench allows; minutes.
TEST(TiledStepper, EqualsVgg19WholeAtFullSize) {
  if (!std::filesystem::exists(kVgg))
    GTEST_SKIP() << "the network is not there";
  if (std::getenv("PHOSPHENE_SLOW_TESTS") == nullptr)
    GTEST_SKIP() << "PHOSPHENE_SLOW_TESTS is not set";
  for (const auto& [width, height] :
       {std::pair(700, 500), std::pair(1500, 1100)}) {
    const v1::JobSpec spec = JobOf(StyleText(width, height));
    const Found whole = Whole(spec, kVgg);
    for (const int64_t size : {width / 3, 512})
      ExpectNear(Tiled(spec, size, kVgg), whole, 1e-6);
  }
}

const char kDeepDream[] =
    "parameterization { width: 90 height: 70 pixel { sd: 0.3 } } "
    "objectives { deepdream { layer: 'relu2' } }";

TEST(TiledStepper, TellsOfItsTilesAndStopsBetweenThem) {
  Job job(JobOf(kDeepDream));
  Parts parts = job.MakeIts(32);
  const at::Tensor before = parts.param->Tensors()[0].value.detach().clone();
  int told = 0, of = 0;
  TileWatch watch;
  watch.progress = [&](int done, int tiles) {
    EXPECT_GE(done, told);
    told = done;
    of = tiles;
  };
  watch.stop = [&] { return told >= 12; };
  TiledStepper stopped(parts, job.Grid(32), false, watch);
  EXPECT_THAT(stopped.Advance(job.At(0, parts)),
              StatusIs(absl::StatusCode::kCancelled));
  EXPECT_TRUE(at::equal(parts.param->Tensors()[0].value, before));
  EXPECT_EQ(of, 2 * 3 * 3);
  EXPECT_EQ(told, 12);

  watch.stop = nullptr;
  told = 0;
  TiledStepper whole_way(parts, job.Grid(32), false, watch);
  EXPECT_OK(whole_way.Advance(job.At(0, parts)));
  EXPECT_EQ(told, of);
}

// A step given up midway leaves no trace in moving averages either.
TEST(TiledStepper, AStepStoppedInItsSecondPassIsAsIfNeverBegun) {
  const v1::JobSpec spec = JobOf(absl::StrCat(
      "parameterization { width: 90 height: 70 pixel { sd: 0.3 } } objectives "
      "{ gram_style { moving_average: 0.5 layers { layer: 'relu2' } styles { "
      "image: '",
      Blob('b'), "' } } }"));
  Job job(spec);
  Parts straight = job.MakeIts(32), stopped = job.MakeIts(32);
  bool stop = false;
  int told = 0;
  TileWatch watch;
  watch.progress = [&](int done, int) { told = done; };
  watch.stop = [&] { return stop && told >= 14; };
  TiledStepper a(straight, job.Grid(32), false),
      b(stopped, job.Grid(32), false, watch);
  for (int step = 0; step < 3; ++step) {
    ASSERT_OK(a.Advance(job.At(step, straight)));
    stop = true;
    told = 0;
    EXPECT_THAT(b.Advance(job.At(step, stopped)),
                StatusIs(absl::StatusCode::kCancelled));
    stop = false;
    ASSERT_OK(b.Advance(job.At(step, stopped)));
    EXPECT_EQ(a.RowValues(), b.RowValues());
  }
  EXPECT_TRUE(at::equal(straight.param->Tensors()[0].value,
                        stopped.param->Tensors()[0].value));
}

TEST(TiledStepper, DelayedTakesItsFirstStepExactlyAndThenOnePass) {
  Job job(JobOf(kDeepDream));
  Parts exact = job.MakeIts(32), delayed = job.MakeIts(32);
  std::vector<int> tiles;
  TileWatch watch;
  watch.progress = [&](int done, int all) {
    if (done == all) tiles.push_back(all);
  };
  TiledStepper a(exact, job.Grid(32), false),
      b(delayed, job.Grid(32), true, watch);
  for (int step = 0; step < 3; ++step) {
    ASSERT_OK(a.Advance(job.At(step, exact)));
    ASSERT_OK(b.Advance(job.At(step, delayed)));
    // The seed of a mean is the same at every step.
    EXPECT_NEAR(b.RowValues()[0], a.RowValues()[0], 1e-5);
  }
  EXPECT_THAT(tiles, ElementsAre(18, 9, 9));
}

// Runs of the engine: stopped anywhere and resumed, bytes are equal.
class EveryTiledRun : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryTiledRun, ResumesBitwise) {
  TinyEngine tiny;
  const v1::JobSpec spec = TinySpec(
      absl::StrCat("parameterization { width: 100 height: 80 } ", GetParam()));
  ASSERT_OK_AND_ASSIGN(const RunResult straight, tiny.Run(spec));
  for (const int64_t step : {1, 3}) {
    ASSERT_OK_AND_ASSIGN(const RunResult resumed,
                         tiny.RunInterrupted(spec, step));
    EXPECT_EQ(resumed.artifacts[0].bytes, straight.artifacts[0].bytes);
  }
  EXPECT_THAT(straight.warnings,
              ::testing::Contains(HasSubstr("tiles of at most 64 pixels")));
}

INSTANTIATE_TEST_SUITE_P(
    Specs, EveryTiledRun,
    ::testing::Values("tiling { mode: ON size: 64 }",
                      "tiling { mode: ON size: 64 delayed: true } objectives { "
                      "power { base { deepdream { layer: 'relu1' } } exponent: "
                      "0.5 } }",
                      "tiling { mode: ON size: 64 } optimizer { octaves { "
                      "count: 2 steps_factor: 0.5 } }"));

TEST(TileRules, NameWhatCannotBeCut) {
  TinyEngine tiny;
  const absl::Status refused = tiny.engine().Check(
      TinySpec("tiling { mode: ON } objectives { class_logit { index: 1 } } "
               "objectives { neuron { layer: 'relu2' channel: 1 } } "
               "objectives { deepdream { layer: 'gap' } }"));
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kInvalidArgument,
                                "spec.objectives[1].class_logit: cannot be had "
                                "from tiles of the picture"));
  EXPECT_THAT(refused.message(), HasSubstr("spec.objectives[2].neuron"));
  EXPECT_THAT(refused.message(),
              HasSubstr("spec.objectives[3].deepdream: cannot be had from "
                        "tiles of the picture: \"gap\" sees the whole picture "
                        "at once, by GlobalAveragePool node \"gap\""));
}

TEST(CutTiles, CoverTheViewOnceAndBeginAtStrides) {
  TileGrid grid;
  grid.stride = 8;
  grid.before = 13;
  grid.after = 20;
  for (const int64_t size : {1, 8, 60, 64, 1000}) {
    grid.size = size;
    at::Tensor count = at::zeros({93, 131});
    for (const Tile& tile : CutTiles(grid, 93, 131)) {
      EXPECT_EQ(tile.y0 % 8, 0);
      EXPECT_EQ(tile.top % 8, 0);
      EXPECT_LE(tile.top, std::max<int64_t>(0, tile.y0 - 13));
      EXPECT_GE(tile.bottom, std::min<int64_t>(93, tile.y1 + 20));
      EXPECT_LE(tile.bottom, 93);
      count.narrow(0, tile.y0, tile.y1 - tile.y0)
          .narrow(1, tile.x0, tile.x1 - tile.x0)
          .add_(1);
    }
    EXPECT_TRUE(count.eq(1).all().item<bool>()) << size;
  }
}

}  // namespace
}  // namespace phosphene
