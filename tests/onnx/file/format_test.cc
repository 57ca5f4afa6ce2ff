#include "server/engine/onnx/file/format.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace phosphene::onnx {
namespace {

using testing::HasSubstr;

TEST(FormatTest, OtherFilesAreNamedWithTheWayToOnnx) {
  const std::string zeros(8, '\0');
  EXPECT_THAT(DescribeOtherFormat("\x1f\x8b\x08"), HasSubstr("gunzip"));
  EXPECT_THAT(DescribeOtherFormat(zeros.substr(0, 4) + "TFL3"),
              HasSubstr("tf2onnx.convert --tflite"));
  EXPECT_THAT(DescribeOtherFormat(zeros.substr(0, 4) + "ORTM"),
              HasSubstr("ONNX Runtime"));
  EXPECT_THAT(DescribeOtherFormat("GGUF" + zeros), HasSubstr("GGUF"));
  EXPECT_THAT(DescribeOtherFormat(std::string("\x02\0\0\0\0\0\0\0{}", 10)),
              HasSubstr("safetensors"));
  EXPECT_THAT(DescribeOtherFormat("PK\x03\x04 archive/data.pkl"),
              HasSubstr("torch.onnx.export"));
  EXPECT_THAT(DescribeOtherFormat("PK\x03\x04 model.weights.h5"),
              HasSubstr("Keras"));
  EXPECT_THAT(DescribeOtherFormat("\x89HDF"), HasSubstr("--keras"));
  EXPECT_THAT(DescribeOtherFormat("\x08\x01\x12 VarHandleOp"),
              HasSubstr("--saved-model"));
  EXPECT_THAT(DescribeOtherFormat("\x0a\x10 Placeholder"),
              HasSubstr("--graphdef"));
  EXPECT_THAT(DescribeOtherFormat("\x08\x04\x12 coremltools"),
              HasSubstr("Core ML"));
  EXPECT_THAT(DescribeOtherFormat("ftrt"), HasSubstr("TensorRT"));
  EXPECT_THAT(DescribeOtherFormat("<!DOCTYPE html>"), HasSubstr("web page"));
  EXPECT_EQ(DescribeOtherFormat("\x08\x08\x12\x07pytorch"), "");
}

}  // namespace
}  // namespace phosphene::onnx
