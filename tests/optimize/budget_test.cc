#include "server/engine/optimize/budget.h"

#include <gtest/gtest.h>

#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(ViewSizes, FollowTheTransforms) {
  const v1::JobSpec spec = Spec(
      "parameterization { width: 100 height: 60 pixel {} } "
      "transforms { pad { pixels: 10 } } transforms { jitter { pixels: 4 } } "
      "transforms { scale { factors: 0.5 factors: 2 } }");
  const ViewSizes view = ViewSizesOf(spec, CanvasOf(spec.parameterization()));
  EXPECT_EQ(view.min_width, 58);
  EXPECT_EQ(view.min_height, 38);
  EXPECT_EQ(view.max_width, 232);
  EXPECT_EQ(view.max_height, 152);
}

TEST(LeastMemory, GrowsWithPixelsAndRows) {
  v1::JobSpec spec = TinySpec();
  const int64_t one = LeastMemory(spec, true);
  EXPECT_GT(one, LeastMemory(spec, false));
  spec.mutable_parameterization()->set_rows(4);
  EXPECT_EQ(LeastMemory(spec, true), 4 * one);
}

TEST(LeastMemory, ACropKeepsTheNetworkSmall) {
  v1::JobSpec large = Spec("parameterization { width: 4096 pixel {} }");
  v1::JobSpec cropped = large;
  cropped.add_transforms()->mutable_crop()->set_width(224);
  cropped.mutable_transforms(0)->mutable_crop()->set_height(224);
  EXPECT_LT(LeastMemory(cropped, true), LeastMemory(large, true));
}

TEST(LeastMemory, AJobThatCannotFitIsRefusedBeforeItStarts) {
  TinyEngine tiny;
  const int64_t memory = tiny.engine().Devices()[0].memory_bytes;
  v1::JobSpec spec =
      TinySpec("parameterization { width: 16384 rows: 1 pixel {} }");
  if (LeastMemory(spec, true) <= memory) {
    GTEST_SKIP() << "this machine has memory for 16384 x 16384";
  }
  EXPECT_THAT(tiny.Run(spec),
              StatusIs(absl::StatusCode::kResourceExhausted, "MiB"));
}

}  // namespace
}  // namespace phosphene
