#include "server/http/health_pages.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

TEST(HealthPage, AnswersWhileTheProcessLives) {
  EXPECT_EQ(HealthPage().answer({}).status, 200);
  EXPECT_FALSE(HealthPage().needs_token);
}

TEST(ReadyPage, IsUnavailableWhileCallsAreRefused) {
  bool serving = false;
  const HttpRoute page = ReadyPage([&] { return serving; });
  EXPECT_EQ(page.answer({}).status, 503);
  serving = true;
  EXPECT_EQ(page.answer({}).status, 200);
  EXPECT_FALSE(page.needs_token);
}

}  // namespace
}  // namespace phosphene
