#include "server/jobs/proto_time.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

TEST(ProtoTimeTest, TimesComeBackInMicroseconds) {
  for (const int64_t micros :
       {int64_t{0}, int64_t{1'700'000'000'123'456}, int64_t{-1}}) {
    const absl::Time time = absl::FromUnixMicros(micros);
    EXPECT_EQ(FromProtoTime(ToProtoTime(time + absl::Nanoseconds(500))), time);
  }
}

TEST(ProtoTimeTest, NanosCountForwardBefore1970) {
  const auto time = ToProtoTime(absl::FromUnixMicros(-1));
  EXPECT_EQ(time.seconds(), -1);
  EXPECT_EQ(time.nanos(), 999'999'000);
}

TEST(ProtoTimeTest, DurationsComeBack) {
  const absl::Duration duration = absl::Seconds(3) + absl::Microseconds(7);
  EXPECT_EQ(FromProtoDuration(ToProtoDuration(duration)), duration);
}

}  // namespace
}  // namespace phosphene
