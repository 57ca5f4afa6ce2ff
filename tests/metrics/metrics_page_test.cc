#include "server/metrics/metrics_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>

namespace phosphene {
namespace {

using testing::HasSubstr;

std::shared_ptr<prometheus::Registry> Counting(const std::string& name) {
  auto registry = std::make_shared<prometheus::Registry>();
  prometheus::BuildCounter().Name(name).Register(*registry).Add({}).Increment(
      3);
  return registry;
}

TEST(MetricsPage, ShowsWhatWasAddedUntilItDies) {
  MetricsPage page;
  EXPECT_EQ(page.Text(), "");
  const auto stays = Counting("phosphene_stays_total");
  auto goes = Counting("phosphene_goes_total");
  page.Add(stays);
  page.Add(goes);
  EXPECT_THAT(page.Text(), HasSubstr("phosphene_stays_total 3\n"));
  EXPECT_THAT(page.Text(), HasSubstr("phosphene_goes_total 3\n"));
  goes.reset();
  EXPECT_THAT(page.Text(), HasSubstr("phosphene_stays_total 3\n"));
  EXPECT_THAT(page.Text(), testing::Not(HasSubstr("phosphene_goes_total")));
}

}  // namespace
}  // namespace phosphene
