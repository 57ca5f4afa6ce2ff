#include "client/view/history.h"

#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

v1::Progress At(int64_t step, double value) {
  v1::Progress progress;
  progress.set_step(step);
  progress.set_objective_value(value);
  v1::ObjectiveValue* term = progress.add_objectives();
  term->set_label("channel a:1");
  term->set_value(2 * value);
  return progress;
}

TEST(History, IsALineAnEventWithAColumnATerm) {
  History history;
  history.Add(At(1, .5));
  history.Add(At(16, -3));
  EXPECT_EQ(history.Csv(),
            "step,objective,\"channel a:1\"\n1,0.5,1\n16,-3,-6\n");
}

TEST(History, AnEventSeenTwiceCountsOnce) {
  History history;
  history.Add(At(4, 1));
  history.Add(At(4, 1));
  history.Add(At(2, 1));
  EXPECT_EQ(history.Csv(), "step,objective,\"channel a:1\"\n4,1,2\n");
}

TEST(History, QuotesInLabelsAreDoubled) {
  v1::Progress progress = At(1, 1);
  progress.mutable_objectives(0)->set_label("say \"x\"");
  History history;
  history.Add(progress);
  EXPECT_EQ(history.Csv(), "step,objective,\"say \"\"x\"\"\"\n1,1,2\n");
}

}  // namespace
}  // namespace phosphene::client
