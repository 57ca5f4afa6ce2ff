#include "server/base/log.h"

#include <algorithm>
#include <nlohmann/json.hpp>

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

TEST_F(LogTest, EveryJsonLineParsesWhateverIsLogged) {
  ASSERT_OK(ConfigureLog("info", "json"));
  const std::string line = Logged([] {
    LogInfo("broken \xff\xc3( cut \xe2\x82",
            {{"name", std::string("\x80\0z", 3)}, {"fine", "\xc3\xa4"}});
  });
  const auto parsed = nlohmann::json::parse(line, nullptr, false);
  ASSERT_TRUE(parsed.is_object()) << line;
  EXPECT_EQ(parsed["message"],
            "broken \xef\xbf\xbd\xef\xbf\xbd( cut \xef\xbf\xbd");
  EXPECT_EQ(parsed["fine"], "\xc3\xa4");
  EXPECT_EQ(parsed["level"], "info");
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST_F(LogTest, ATextLineStaysOneLine) {
  const std::string line = Logged([] {
    LogInfo("a\nb", {{"path", "x\r\x1b[2Jy"}});
  });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr(R"(a\nb path=x\x0d\x1b[2Jy)"));
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
