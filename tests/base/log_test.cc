#include "server/base/log.h"

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

class LogTest : public testing::Test {
 protected:
  ~LogTest() override { EXPECT_OK(ConfigureLog("info", "text")); }

  static std::string Logged(void (*act)()) {
    testing::internal::CaptureStderr();
    act();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineHasItsFields) {
  EXPECT_THAT(Logged([] {
                LogInfo("job done", {{"job", "jobs/a"}});
              }),
              HasSubstr("job done job=jobs/a"));
}

TEST_F(LogTest, LinesBelowTheLevelAreNotWritten) {
  ASSERT_OK(ConfigureLog("warn", "text"));
  EXPECT_EQ(Logged([] { LogInfo("quiet"); }), "");
  EXPECT_THAT(Logged([] { LogWarn("loud"); }), HasSubstr("loud"));
}

TEST_F(LogTest, JsonEscapesWhatWouldBreakIt) {
  ASSERT_OK(ConfigureLog("info", "json"));
  const std::string line = Logged([] {
    LogInfo("say \"hi\"\n", {{"path", "a\\b\x01"}});
  });
  EXPECT_THAT(line, HasSubstr(R"("message":"say \"hi\"\n")"));
  EXPECT_THAT(line, HasSubstr(R"("path":"a\\b\u0001")"));
}

TEST_F(LogTest, UnknownLevelsAndFormatsAreRefused) {
  EXPECT_THAT(ConfigureLog("chatty", "text"),
              StatusIs(absl::StatusCode::kInvalidArgument, "chatty"));
  EXPECT_THAT(ConfigureLog("info", "xml"),
              StatusIs(absl::StatusCode::kInvalidArgument, "xml"));
}

TEST_F(LogTest, AFailedCheckNamesTheCondition) {
  EXPECT_DEATH(PHOSPHENE_CHECK(1 + 1 == 3), "1 \\+ 1 == 3");
}

}  // namespace
}  // namespace phosphene
