#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "server/imaging/encode.h"

namespace phosphene {
namespace {

using testing::ElementsAre;
using testing::Pair;

std::string BigEndian(uint32_t value) {
  std::string out(4, '\0');
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(value >> (24 - 8 * i));
  return out;
}

std::string Chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const uint32_t sum = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(body.data()),
            static_cast<uInt>(body.size())));
  return BigEndian(static_cast<uint32_t>(data.size())) + body + BigEndian(sum);
}

std::string Deflated(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size,
           reinterpret_cast<const Bytef*>(text.data()), text.size());
  out.resize(size);
  return out;
}

// A picture with these chunks between its header and its pixels.
std::string PngWith(const std::string& chunks) {
  const std::string png = *EncodePng(Image8{2, 1, 1, {0, 255}});
  constexpr size_t kAfterHeader = 8 + 25;
  return png.substr(0, kAfterHeader) + chunks + png.substr(kAfterHeader);
}

const std::string kZero(1, '\0');

TEST(ReadPngText, ReadsEachKindOfTextChunk) {
  const std::string png =
      PngWith(Chunk("tEXt", "a" + kZero + "plain") +
              Chunk("zTXt", "b" + kZero + kZero + Deflated("deflated")) +
              Chunk("iTXt", "c" + kZero + kZero + kZero + "de" + kZero +
                                "Titel" + kZero + "\xc3\xa4") +
              Chunk("iTXt", "d" + kZero + "\x01" + kZero + kZero + kZero +
                                Deflated("both")));
  EXPECT_THAT(ReadPngText(png),
              ElementsAre(Pair("a", "plain"), Pair("b", "deflated"),
                          Pair("c", "\xc3\xa4"), Pair("d", "both")));
}

TEST(ReadPngText, PassesOverWhatIsBroken) {
  const std::string png =
      PngWith(Chunk("tEXt", "no end of its key") +
              Chunk("zTXt", "b" + kZero + kZero + "not deflated") +
              Chunk("zTXt", "c" + kZero) +
              Chunk("zTXt", "d" + kZero + "\x07" + Deflated("method 7")) +
              Chunk("zTXt", "e" + kZero + kZero +
                                Deflated(std::string(999, 'x')).substr(0, 9)) +
              Chunk("iTXt", "f" + kZero + kZero + kZero + "no language") +
              Chunk("tEXt", "") + Chunk("tEXt", kZero + "no key") +
              Chunk("tEXt", "g" + kZero + "good"));
  EXPECT_THAT(ReadPngText(png), ElementsAre(Pair("g", "good")));
}

TEST(ReadPngText, OfAFileThatIsCutOffGivesWhatStandsBeforeTheCut) {
  const std::string png =
      PngWith(Chunk("tEXt", "first" + kZero + "1") +
              Chunk("tEXt", "second" + kZero + std::string(100, '2')));
  const size_t second = png.find("second");
  size_t seen = 0;
  for (size_t size = 0; size <= png.size(); ++size) {
    const auto text = ReadPngText(png.substr(0, size));
    EXPECT_GE(text.size(), seen) << size;
    seen = text.size();
    if (size == second) {
      EXPECT_THAT(text, ElementsAre(Pair("first", "1")));
    }
  }
  EXPECT_EQ(seen, 2u);
}

// A few kilobytes that unpack to gigabytes cost no more than the bound.
TEST(ReadPngText, KeepsAtMost16MebibytesInAll) {
  const std::string packed =
      "k" + kZero + kZero + Deflated(std::string(15 << 20, 'x'));
  std::string chunks;
  for (int i = 0; i < 40; ++i) chunks += Chunk("zTXt", packed);
  chunks += Chunk("tEXt", "last" + kZero + "small");
  const auto text = ReadPngText(PngWith(chunks));
  ASSERT_EQ(text.size(), 2u);
  EXPECT_EQ(text[0].second.size(), size_t{15} << 20);
  EXPECT_EQ(text[1].first, "last");
  std::string many;
  for (int i = 0; i < 5000; ++i) many += Chunk("tEXt", "k" + kZero);
  EXPECT_LE(ReadPngText(PngWith(many)).size(), 256u);
}

}  // namespace
}  // namespace phosphene
