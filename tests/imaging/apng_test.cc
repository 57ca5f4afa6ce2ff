#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "server/imaging/decode.h"
#include "server/imaging/encode.h"
#include "tests/imaging/pictures.h"

namespace phosphene {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

struct Chunk {
  std::string type, data;
};

// Every chunk, its checksum seen to.
std::vector<Chunk> ChunksOf(const std::string& png) {
  std::vector<Chunk> chunks;
  const auto u32 = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i)
      value = value << 8 | static_cast<uint8_t>(png[at + i]);
    return value;
  };
  for (size_t at = 8; at + 12 <= png.size();) {
    const uint32_t length = u32(at);
    const std::string checked = png.substr(at + 4, length + 4);
    EXPECT_EQ(u32(at + 8 + length),
              crc32_z(0, reinterpret_cast<const Bytef*>(checked.data()),
                      checked.size()));
    chunks.push_back({checked.substr(0, 4), checked.substr(4)});
    at += 12 + length;
  }
  return chunks;
}

std::string PngChunk(const std::string& type, const std::string& data) {
  const std::string checked = type + data;
  return BigEndian(data.size(), 4) + checked +
         BigEndian(crc32_z(0, reinterpret_cast<const Bytef*>(checked.data()),
                           checked.size()),
                   4);
}

// The frames, each read as a PNG of its own.
std::vector<Image8> FramesOf(const std::string& apng) {
  std::string header;
  std::vector<std::string> data;
  for (const Chunk& chunk : ChunksOf(apng)) {
    if (chunk.type == "IHDR") header = chunk.data;
    if (chunk.type == "fcTL") data.emplace_back();
    if (chunk.type == "IDAT") data.back() += chunk.data;
    if (chunk.type == "fdAT") data.back() += chunk.data.substr(4);
  }
  std::vector<Image8> frames;
  for (const std::string& pixels : data) {
    const auto image =
        DecodeImage(apng.substr(0, 8) + PngChunk("IHDR", header) +
                    PngChunk("IDAT", pixels) + PngChunk("IEND", ""));
    EXPECT_TRUE(image.ok()) << image.status();
    if (image.ok()) frames.push_back(*image);
  }
  return frames;
}

std::vector<Image8> Frames(int channels) {
  return {Gradient(40, 30, channels),
          Flat(40, 30, std::vector<uint8_t>(channels, 9)),
          Flat(40, 30, std::vector<uint8_t>(channels, 200))};
}

TEST(EncodeApng, KeepsEveryFrameExactly) {
  for (int channels = 1; channels <= 4; ++channels) {
    const std::vector<Image8> frames = Frames(channels);
    const std::vector<Image8> back = FramesOf(*EncodeApng(frames));
    ASSERT_EQ(back.size(), frames.size());
    for (size_t i = 0; i < frames.size(); ++i)
      EXPECT_EQ(MaxDifference(back[i], frames[i]), 0) << channels << " " << i;
  }
}

TEST(EncodeApng, ReadersOfPngSeeTheFirstFrame) {
  const auto image = DecodeImage(*EncodeApng(Frames(4)));
  ASSERT_TRUE(image.ok()) << image.status();
  EXPECT_EQ(MaxDifference(*image, Frames(4)[0]), 0);
}

TEST(EncodeApng, ChunksAreNumberedInTheOrderOfTheSpecification) {
  ApngOptions options;
  options.ping_pong = true;
  options.frames_per_second = 24;
  std::string order;
  uint32_t sequence = 0;
  for (const Chunk& chunk : ChunksOf(*EncodeApng(Frames(3), options))) {
    order += chunk.type + " ";
    if (chunk.type == "acTL") {
      EXPECT_EQ(chunk.data, BigEndian(4, 4) + BigEndian(0, 4));
    }
    if (chunk.type != "fcTL" && chunk.type != "fdAT") continue;
    EXPECT_EQ(chunk.data.substr(0, 4), BigEndian(sequence++, 4));
    if (chunk.type == "fcTL") {
      EXPECT_EQ(chunk.data.substr(20, 4), BigEndian(1, 2) + BigEndian(24, 2));
    }
  }
  EXPECT_EQ(order,
            "IHDR acTL sRGB fcTL IDAT fcTL fdAT fcTL fdAT fcTL fdAT IEND ");
}

TEST(EncodeApng, TellsItsTextBack) {
  ApngOptions options;
  options.text = {{"phosphene.spec", "steps: 3"}};
  EXPECT_THAT(ReadPngText(*EncodeApng(Frames(3), options)),
              ElementsAre(Pair("phosphene.spec", "steps: 3")));
}

TEST(EncodeApng, RefusesWhatItCannotHold) {
  ApngOptions options;
  options.frames_per_second = 61;
  EXPECT_THAT(std::string(EncodeApng(Frames(3), options).status().message()),
              HasSubstr("1..60"));
  EXPECT_THAT(
      std::string(
          EncodeApng({Flat(4, 4, {1}), Flat(4, 4, {1, 2})}).status().message()),
      HasSubstr("same channels"));
}

}  // namespace
}  // namespace phosphene
