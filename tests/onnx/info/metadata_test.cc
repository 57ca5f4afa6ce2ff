#include "server/engine/onnx/info/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::onnx {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(MetadataTest, ClassNamesAreReadAsExportersWriteThem) {
  EXPECT_THAT(ClassNamesIn({{"names", "{1: 'cat', 0: \"dog's\"}"}}),
              ElementsAre("dog's", "cat"));
  EXPECT_THAT(ClassNamesIn({{"classes", "[\"a, b\", \"c\"]"}}),
              ElementsAre("a, b", "c"));
  EXPECT_THAT(ClassNamesIn({{"labels", R"({"0": "x", "1": "y"})"}}),
              ElementsAre("x", "y"));
  EXPECT_THAT(ClassNamesIn({{"labels", "x\ny z\n"}}), ElementsAre("x", "y z"));
  EXPECT_THAT(ClassNamesIn({{"labels", "one"}, {"other", "a,b"}}), IsEmpty());
}

TEST(MetadataTest, SizesAreHeightAndWidth) {
  EXPECT_EQ(SizeIn({{"imgsz", "[64, 96]"}}),
            (std::pair<int32_t, int32_t>{64, 96}));
  EXPECT_EQ(SizeIn({{"imgsz", "640"}}),
            (std::pair<int32_t, int32_t>{640, 640}));
  EXPECT_EQ(SizeIn({{"imgsz", "[0, 96]"}}),
            (std::pair<int32_t, int32_t>{0, 0}));
  EXPECT_EQ(SizeIn({}), (std::pair<int32_t, int32_t>{0, 0}));
}

}  // namespace
}  // namespace phosphene::onnx
