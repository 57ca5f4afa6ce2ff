#include "server/rpc/request_budget.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

TEST(RequestBudget, WhatIsTakenIsNotThereForOthers) {
  RequestBudget budget(100);
  EXPECT_TRUE(budget.Take(60));
  EXPECT_TRUE(budget.Take(40));
  EXPECT_FALSE(budget.Take(1));
  budget.Give(60);
  EXPECT_TRUE(budget.Take(60));
}

TEST(RequestBudget, ARefusedRequestTakesNothing) {
  RequestBudget budget(100);
  EXPECT_TRUE(budget.Take(60));
  EXPECT_FALSE(budget.Take(41));
  EXPECT_TRUE(budget.Take(40));
}

TEST(RequestBudget, ARequestAloneAlwaysFits) {
  RequestBudget budget(100);
  EXPECT_TRUE(budget.Take(1000));
  EXPECT_FALSE(budget.Take(1));
  budget.Give(1000);
  EXPECT_TRUE(budget.Take(1));
}

}  // namespace
}  // namespace phosphene
