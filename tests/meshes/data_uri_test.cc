#include "server/meshes/data_uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(DataUri, HoldsBase64AndPercentText) {
  EXPECT_EQ(*DecodeDataUri("data:image/png;base64,AQID", 3), "\1\2\3");
  EXPECT_EQ(*DecodeDataUri("DATA:;BASE64,AQI=", 3), "\1\2");
  EXPECT_EQ(*DecodeDataUri("data:,a%20b%zz%2", 99), "a b%zz%2");
  EXPECT_EQ(*DecodeDataUri("data:,", 99), "");
}

TEST(DataUri, RefusesTheBrokenAndTheLarge) {
  for (const char* uri :
       {"file:///etc/passwd", "data:x", "", "data:;base64,A!"})
    EXPECT_FALSE(DecodeDataUri(uri, 99).ok()) << uri;
  EXPECT_FALSE(DecodeDataUri("data:;base64,AQIDAQID", 5).ok());
}

}  // namespace
}  // namespace phosphene
