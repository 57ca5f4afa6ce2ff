#include "server/engine/tensor/width.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "server/engine/tensor/autograd_function.h"

#include <ATen/Parallel.h>

#include "server/engine/tensor/step_context.h"

namespace phosphene {
namespace {

// On a thread of its own, whose numbers of threads nobody else sees.
void OnItsOwnThread(const std::function<void()>& fn) { std::thread(fn).join(); }

TEST(WidthTest, TheAmbientWidthIsOneAndWidensOnDemand) {
  OnItsOwnThread([] {
    const LaneWidth lane(3);
    EXPECT_EQ(at::get_num_threads(), 1);
    EXPECT_EQ(AvailableThreads(), 3);
    {
      const Widened wide;
      EXPECT_EQ(at::get_num_threads(), 3);
      const Widened again;
      EXPECT_EQ(at::get_num_threads(), 3);
    }
    EXPECT_EQ(at::get_num_threads(), 1);
  });
}

TEST(WidthTest, ScopesNestAndEndInAnyDepth) {
  OnItsOwnThread([] {
    const LaneWidth lane(4);
    {
      const OneThread alone;
      EXPECT_EQ(AvailableThreads(), 1);
      const Widened wide;
      EXPECT_EQ(at::get_num_threads(), 1);
    }
    {
      const LaneWidth narrower(2);
      EXPECT_EQ(AvailableThreads(), 2);
    }
    EXPECT_EQ(AvailableThreads(), 4);
    EXPECT_EQ(at::get_num_threads(), 1);
  });
}

TEST(WidthTest, LessThanOneThreadIsOne) {
  OnItsOwnThread([] {
    const LaneWidth lane(0);
    EXPECT_EQ(AvailableThreads(), 1);
  });
}

TEST(WidthTest, WithoutALaneWhatOpenMpSaysHolds) {
  OnItsOwnThread([] {
    at::set_num_threads(2);
    EXPECT_EQ(AvailableThreads(), 2);
    const Widened wide;
    EXPECT_EQ(at::get_num_threads(), 2);
  });
}

TEST(WidthTest, ThreadsThatComeAfterALaneAreAtOne) {
  OnItsOwnThread([] { const LaneWidth lane(2); });
  OnItsOwnThread([] { EXPECT_EQ(at::get_num_threads(), 1); });
}

TEST(WidthTest, InsideOfAParallelRegionThereIsOneThread) {
  OnItsOwnThread([] {
    const LaneWidth lane(2);
    std::atomic<int> most = 0;
    WideFor(2, 1, [&](int64_t begin, int64_t end) {
      if (end - begin == 1 && AvailableThreads() > most)
        most = AvailableThreads();
    });
    EXPECT_EQ(most, 1);
  });
}

// Notes how many threads there are on the way back.
class Ask : public torch::autograd::Function<Ask> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext*,
                            const at::Tensor& x) {
    return x.clone();
  }
  static torch::autograd::variable_list backward(
      torch::autograd::AutogradContext*,
      const torch::autograd::variable_list& grads) {
    seen = AvailableThreads();
    return grads;
  }
  static inline int seen = 0;
};

TEST(WidthTest, BackwardFunctionsSeeTheWidth) {
  OnItsOwnThread([] {
    const LaneWidth lane(3);
    Ask::apply(at::ones({4}).requires_grad_(true)).sum().backward();
    EXPECT_EQ(Ask::seen, 3);
  });
}

TEST(EachAloneTest, CallsEveryPieceOnceAndAlone) {
  OnItsOwnThread([] {
    for (const int threads : {1, 2, 5}) {
      const LaneWidth lane(threads);
      std::vector<std::atomic<int>> calls(7);
      std::atomic<int> widest = 0;
      EachAlone(7, [&](int64_t i) {
        ++calls[i];
        const Widened wide;
        if (at::get_num_threads() > widest) widest = at::get_num_threads();
      });
      for (const auto& count : calls) EXPECT_EQ(count, 1);
      EXPECT_EQ(widest, 1);
      EXPECT_EQ(AvailableThreads(), threads);
      EXPECT_EQ(at::get_num_threads(), 1);
    }
  });
}

TEST(EachAloneTest, HandsContextAndGradModeOn) {
  OnItsOwnThread([] {
    const LaneWidth lane(2);
    const RedirectScope redirect(true);
    const at::NoGradGuard no_grad;
    std::atomic<int> seen = 0;
    EachAlone(4, [&](int64_t) {
      if (current_step_context.redirect_relu && !at::GradMode::is_enabled())
        ++seen;
    });
    EXPECT_EQ(seen, 4);
  });
}

TEST(EachAloneTest, AThrowReachesTheCaller) {
  OnItsOwnThread([] {
    const LaneWidth lane(2);
    EXPECT_THROW(EachAlone(4,
                           [](int64_t i) {
                             if (i == 2) throw std::runtime_error("two");
                           }),
                 std::runtime_error);
    EXPECT_EQ(at::get_num_threads(), 1);
    EXPECT_EQ(AvailableThreads(), 2);
  });
}

TEST(EachAloneTest, NothingIsNothing) {
  EachAlone(0, [](int64_t) { FAIL(); });
}

// Many lanes of different widths at a time: each has its own.
TEST(WidthTest, LanesDoNotSeeEachOther) {
  std::vector<std::thread> lanes;
  std::atomic<int> wrong = 0;
  for (int width = 1; width <= 4; ++width) {
    lanes.emplace_back([width, &wrong] {
      for (int step = 0; step < 50; ++step) {
        const LaneWidth lane(width);
        if (AvailableThreads() != width || at::get_num_threads() != 1) ++wrong;
        const Widened wide;
        if (at::get_num_threads() != width) ++wrong;
      }
    });
  }
  for (std::thread& lane : lanes) lane.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace phosphene
