#include "client/base/json.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <cmath>

#include "phosphene/v1/job.pb.h"

namespace phosphene::client {
namespace {

TEST(Json, ObjectsKeepTheirOrder) {
  EXPECT_EQ(JsonObject()
                .Add("file", "a.png")
                .Add("bytes", 12)
                .Add("ok", true)
                .Add("x", 0.5)
                .Text(),
            R"({"file":"a.png","bytes":12,"ok":true,"x":0.5})");
  EXPECT_EQ(JsonObject().Add("x", NAN).Text(), R"({"x":null})");
}

TEST(Json, AnyTextIsQuotedSoThatItReadsBack) {
  const std::string text = "a\"b\\c\nd\x01\xc3\xa4";
  google::protobuf::Value value;
  ASSERT_TRUE(
      google::protobuf::util::JsonStringToMessage(JsonString(text), &value)
          .ok());
  EXPECT_EQ(value.string_value(), text);
}

TEST(Json, BytesThatAreNoUtf8AreReplaced) {
  EXPECT_EQ(JsonString("a\xff\xc3"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(JsonString("\xed\xa0\x80"),
            "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(Json, MessagesUseTheNamesOfTheProtosOnOneLine) {
  v1::Job job;
  job.set_name("jobs/a");
  job.set_total_steps(3);
  EXPECT_EQ(ToJson(job), R"({"name":"jobs/a","total_steps":"3"})");
}

}  // namespace
}  // namespace phosphene::client
