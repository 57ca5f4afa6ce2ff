#include "server/engine/cuda/launch.h"

#include <gtest/gtest.h>

#include <vector>

#include "server/engine/cuda/step_graph.h"

namespace phosphene {
namespace {

// A build without CUDA has the same functions, and says what it lacks.
TEST(LaunchTest, WithoutCudaNothingIsLaunchedAndItIsSaid) {
  if (MakeGraphRecorder() != nullptr) GTEST_SKIP() << "this build has CUDA";
  const BatchStrides strides;
  EXPECT_STREQ(LaunchWarpForward({}, nullptr, strides, nullptr, strides),
               "this build has no CUDA");
  EXPECT_STREQ(
      LaunchWarpBackward({}, nullptr, strides, nullptr, nullptr, strides),
      "this build has no CUDA");
  EXPECT_STREQ(
      LaunchAdam({}, nullptr, 0, nullptr, nullptr, nullptr, nullptr, 0),
      "this build has no CUDA");
}

TEST(LaunchTest, TablesOfALayoutDoNotOverlap) {
  WarpShape shape;
  shape.in_height = 5, shape.in_width = 7;
  shape.stage_height = 11, shape.stage_width = 13;
  shape.out_height = 17, shape.out_width = 19;
  shape.fill_count = 3, shape.taps = 1;
  const WarpLayout l = LayOut(shape);
  const std::vector<int32_t> starts = {l.matrix,
                                       l.outside,
                                       l.fills,
                                       l.y0,
                                       l.y1,
                                       l.wy,
                                       l.x0,
                                       l.x1,
                                       l.wx,
                                       l.rows_begin,
                                       l.rows_at,
                                       l.rows_weight,
                                       l.columns_begin,
                                       l.columns_at,
                                       l.columns_weight,
                                       l.back_y,
                                       l.back_x,
                                       l.shown_rows_begin,
                                       l.shown_rows_at,
                                       l.shown_columns_begin,
                                       l.shown_columns_at};
  const std::vector<int32_t> sizes = {6,  1, 3,  11, 11, 11, 13, 13, 13, 6, 22,
                                      22, 8, 26, 26, 17, 19, 12, 17, 14, 19};
  int32_t next = 0;
  for (size_t i = 0; i < starts.size(); ++i) {
    EXPECT_EQ(starts[i], next) << "table " << i;
    next += sizes[i];
  }
  EXPECT_EQ(l.words, next);
}

}  // namespace
}  // namespace phosphene
