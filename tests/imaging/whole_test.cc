#include "server/imaging/whole.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/imaging/encode.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

std::string Error(absl::string_view bytes) {
  const absl::Status status = TryImage(bytes);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

// One of each format.
std::vector<std::string> Files(int width, int height) {
  const Image8 image = Gradient(width, height, 3);
  return {*EncodePng(image), *EncodeJpeg(image), *EncodeWebp(image),
          *EncodeTiff(image), *EncodeGif({image})};
}

TEST(TryImage, WholeFilesPass) {
  for (const std::string& bytes : Files(40, 30))
    EXPECT_TRUE(TryImage(bytes).ok()) << TryImage(bytes);
}

TEST(TryImage, FilesCutOffInTheirPixelsDoNot) {
  for (const std::string& bytes : Files(200, 150)) {
    for (const double share : {0.3, 0.6, 0.9}) {
      const auto size =
          static_cast<size_t>(static_cast<double>(bytes.size()) * share);
      EXPECT_FALSE(TryImage(absl::string_view(bytes).substr(0, size)).ok())
          << FormatName(SniffFormat(bytes)) << " " << share;
    }
  }
}

TEST(TryImage, NorDoesWhatIsNone) {
  EXPECT_THAT(Error(""), HasSubstr("empty"));
  EXPECT_THAT(Error("hello"), HasSubstr("looks like text"));
}

// Too large to be tried: seen by their structure alone.
TEST(TryImage, LargeFilesCutOffAreSeenWithoutDecoding) {
  const Image8 image = Flat(4100, 4100, {7});
  ASSERT_GT(int64_t{image.width} * image.height, kTriedPixels);
  for (std::string bytes :
       {*EncodePng(image), *EncodeJpeg(image), *EncodeTiff(image)}) {
    EXPECT_TRUE(TryImage(bytes).ok()) << TryImage(bytes);
    EXPECT_FALSE(
        TryImage(absl::string_view(bytes).substr(0, bytes.size() / 2)).ok())
        << FormatName(SniffFormat(bytes));
  }
  std::string png = *EncodePng(image);
  png[png.size() / 2] = static_cast<char>(png[png.size() / 2] ^ 1);
  EXPECT_THAT(Error(png), HasSubstr("checksum"));
}

TEST(TryImage, AHeaderThatPromisesMoreThanTheDataCanHoldIsRefused) {
  // The header of a large one before the data of a small one.
  const std::string small = *EncodePng(Gradient(20, 20, 3)),
                    large = *EncodePng(Flat(4100, 4100, {1, 2, 3}));
  constexpr size_t kHead = 8 + 12 + 13;
  EXPECT_THAT(Error(large.substr(0, kHead) + small.substr(kHead)),
              HasSubstr("cannot hold 4100 x 4100"));
}

TEST(TryImage, AnExifThumbnailsEndIsNotTheFilesEnd) {
  // The segment holds a whole JPEG, as cameras put one there.
  const std::string jpeg = *EncodeJpeg(Gradient(60, 60, 3)),
                    thumb = *EncodeJpeg(Gradient(8, 8, 3));
  const std::string with = jpeg.substr(0, 2) + "\xFF\xE1" +
                           BigEndian(thumb.size() + 2, 2) + thumb +
                           jpeg.substr(2);
  EXPECT_TRUE(TryImage(with).ok()) << TryImage(with);
  EXPECT_THAT(
      Error(absl::string_view(with).substr(0, with.size() - jpeg.size() / 3)),
      HasSubstr("cut off"));
}

}  // namespace
}  // namespace phosphene
