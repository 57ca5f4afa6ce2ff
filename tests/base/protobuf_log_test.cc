#include "server/base/protobuf_log.h"

#include <google/protobuf/stubs/logging.h>

#include "server/base/log.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ProtobufLogTest : public testing::Test {
 protected:
  ProtobufLogTest() { RouteProtobufLog(); }
  ~ProtobufLogTest() override { EXPECT_OK(ConfigureLog("info", "text")); }

  static std::string Complained() {
    testing::internal::CaptureStderr();
    GOOGLE_LOG(ERROR) << "string field holds invalid UTF-8";
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(ProtobufLogTest, ComplaintsDoNotReachStderr) {
  EXPECT_EQ(Complained(), "");
}

TEST_F(ProtobufLogTest, ComplaintsAreLinesOfTheLogAtLevelDebug) {
  ASSERT_OK(ConfigureLog("debug", "text"));
  EXPECT_THAT(Complained(),
              AllOf(HasSubstr("protobuf"), HasSubstr("invalid UTF-8")));
}

}  // namespace
}  // namespace phosphene
