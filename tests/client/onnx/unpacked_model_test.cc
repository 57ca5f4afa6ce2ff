#include "client/onnx/unpacked_model.h"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::HasSubstr;

std::string Packed(const std::string& path, const std::string& bytes) {
  gzFile file = gzopen(path.c_str(), "wb");
  gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(file);
  return path;
}

TEST(UnpackedModelTest, APackedFileIsUnpackedForAsLongAsItIsNeeded) {
  const TempFolder folder;
  const std::string bytes(3'000'000, 'x');
  const std::string path = Packed(folder.path() + "/net.onnx.gz", bytes);
  std::string copy;
  {
    const auto model = UnpackedModel::Of(path);
    ASSERT_TRUE(model.ok()) << model.status();
    copy = model->path();
    EXPECT_EQ(std::filesystem::path(copy).filename(), "net.onnx");
    EXPECT_EQ(Contents(copy), bytes);
  }
  EXPECT_FALSE(std::filesystem::exists(copy));
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(UnpackedModelTest, OtherFilesAreTakenAsTheyAre) {
  const auto model = UnpackedModel::Of("some/net.onnx");
  ASSERT_TRUE(model.ok());
  EXPECT_EQ(model->path(), "some/net.onnx");
  EXPECT_EQ(NameUnpacked("a/net.onnx.gz"), "a/net.onnx");
}

TEST(UnpackedModelTest, DamageIsAnError) {
  const TempFolder folder;
  const std::string path =
      Packed(folder.path() + "/net.onnx.gz", std::string(100'000, 'y'));
  std::string bytes = Contents(path);
  std::ofstream(path, std::ios::binary) << bytes.substr(0, bytes.size() / 2);
  EXPECT_THAT(std::string(UnpackedModel::Of(path).status().message()),
              HasSubstr("net.onnx.gz"));
  EXPECT_FALSE(UnpackedModel::Of(folder.path() + "/none.gz").ok());
}

}  // namespace
}  // namespace phosphene::client
