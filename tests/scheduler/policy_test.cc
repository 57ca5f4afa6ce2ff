#include "server/scheduler/policy.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace phosphene {
namespace {

QueuedJob Job(const std::string& name, int priority, int order,
              bool suspect = false) {
  return {name, priority, order, suspect};
}

std::string Next(const std::vector<QueuedJob>& jobs) {
  const auto next = PickNext(jobs);
  return next.has_value() ? jobs[*next].name : "nobody";
}

TEST(PolicyTest, NobodyRunsWhenNobodyWaits) { EXPECT_EQ(Next({}), "nobody"); }

TEST(PolicyTest, TheHighestPriorityRunsWhateverItsAge) {
  EXPECT_EQ(Next({Job("a", 0, 1), Job("b", 5, 9), Job("c", -5, 0)}), "b");
}

TEST(PolicyTest, TheOldestOfEqualsRuns) {
  EXPECT_EQ(Next({Job("a", 1, 3), Job("b", 1, 2), Job("c", 0, 1)}), "b");
}

TEST(PolicyTest, ASuspectRunsBehindAllOthers) {
  EXPECT_EQ(Next({Job("bad", 9, 1, true), Job("new", -9, 7)}), "new");
  EXPECT_EQ(Next({Job("b", 0, 2, true), Job("a", 0, 1, true)}), "a");
}

TEST(PolicyTest, TheOrderOfTheListDoesNotMatter) {
  std::vector<QueuedJob> jobs = {Job("a", 1, 2), Job("b", 1, 3), Job("c", 1, 4),
                                 Job("d", 0, 1)};
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(jobs.begin(), jobs.end(), random);
    EXPECT_EQ(Next(jobs), "a");
  }
}

}  // namespace
}  // namespace phosphene
