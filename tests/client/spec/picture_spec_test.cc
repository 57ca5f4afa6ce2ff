#include "client/spec/picture_spec.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/spec/spec_file.h"
#include "server/base/sha256.h"
#include "server/imaging/encode.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using google::protobuf::util::MessageDifferencer;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string PngWith(
    const std::vector<std::pair<std::string, std::string>>& text) {
  PngOptions options;
  options.text = text;
  return *EncodePng(Image8{64, 64, 1, std::vector<uint8_t>(64 * 64, 7)},
                    options);
}

v1::JobSpec Spec() {
  return *ParseSpec(
      "model: 'net' seed: 7 steps: 3 objectives { weight: 0.1 channel { layer: "
      "'a' } } command: \"phosphene feature --layer a --label 'it'\"",
      "test");
}

std::string PictureOf(v1::JobSpec spec) {
  const std::string command = spec.command();
  spec.clear_command();
  return PngWith({{"Software", "Phosphene"},
                  {"phosphene.spec", SpecToText(spec)},
                  {"phosphene.command", command}});
}

std::string ErrorOf(const std::string& bytes) {
  const auto spec = ReadPictureSpec(bytes, "x.png");
  EXPECT_FALSE(spec.ok());
  EXPECT_EQ(ExitCodeOf(spec.status()), kExitUsage);
  return std::string(spec.status().message());
}

TEST(ReadPictureSpec, GivesBackWhatThePictureWasMadeOf) {
  const auto spec = ReadPictureSpec(PictureOf(Spec()), "x.png");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_TRUE(MessageDifferencer::Equals(*spec, Spec()));
}

// The whole spec or a sentence, wherever the file ends.
TEST(ReadPictureSpec, OfACutFileIsWholeOrRefused) {
  v1::JobSpec long_spec = Spec();
  for (int i = 0; i < 60; ++i)
    *long_spec.add_objectives() = Spec().objectives(0);
  for (const v1::JobSpec& spec : {Spec(), long_spec}) {
    const std::string png = PictureOf(spec);
    int whole = 0;
    for (size_t size = 0; size < png.size(); ++size) {
      auto read = ReadPictureSpec(png.substr(0, size), "x.png");
      if (!read.ok()) continue;
      ++whole;
      v1::JobSpec expected = spec;
      read->clear_command();
      expected.clear_command();
      EXPECT_TRUE(MessageDifferencer::Equals(*read, expected)) << size;
    }
    EXPECT_GT(whole, 0);
  }
}

TEST(ReadPictureSpec, SaysWhyThereIsNone) {
  const Image8 image{8, 8, 3, std::vector<uint8_t>(8 * 8 * 3)};
  EXPECT_THAT(ErrorOf(*EncodeJpeg(image)),
              AllOf(HasSubstr("x.png is a JPEG picture"), HasSubstr("PNG")));
  EXPECT_THAT(ErrorOf(*EncodeWebp(image)), HasSubstr("WebP"));
  EXPECT_THAT(ErrorOf("nonsense"), HasSubstr("x.png is no picture"));
  EXPECT_THAT(ErrorOf(PngWith({})), HasSubstr("x.png holds no spec"));
  EXPECT_THAT(ErrorOf(PngWith({{"phosphene.spec", "modle: 'x'"}})),
              AllOf(HasSubstr("x.png (its spec):1:"), HasSubstr("\"model\"")));
  EXPECT_THAT(ErrorOf(PngWith({{"phosphene.command", "phosphene sheet"}})),
              AllOf(HasSubstr("several jobs"), HasSubstr("phosphene sheet")));
}

TEST(ReadPictureSpec, RefusesASpecThatNestsWithoutEnd) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "objectives{negate{term{";
  EXPECT_THAT(ErrorOf(PngWith({{"phosphene.spec", deep}})),
              HasSubstr("x.png (its spec)"));
}

TEST(LoadSpec, TellsPicturesFromTextByTheirBytes) {
  const TempFolder folder;
  Put(folder / "a.txt", PictureOf(Spec()));
  Put(folder / "b.png", "steps: 9");
  const auto picture = LoadSpec(folder / "a.txt"),
             text = LoadSpec(folder / "b.png");
  ASSERT_TRUE(picture.ok() && text.ok());
  EXPECT_TRUE(picture->is_picture);
  EXPECT_EQ(picture->spec.seed(), 7u);
  EXPECT_FALSE(text->is_picture);
  EXPECT_EQ(text->spec.steps(), 9);
  EXPECT_EQ(LoadSpec(folder / "none").status().code(),
            absl::StatusCode::kNotFound);
}

TEST(FindFilesAgain, SendsFilesOfTheCommandThatHaveTheBytes) {
  const TempFolder folder;
  Put(folder / "photo.jpg", "photo");
  Put(folder / "style.jpg", "style");
  Put(folder / "changed.jpg", "other bytes");
  const auto name = [](const std::string& bytes) {
    return absl::StrCat("blobs/", Sha256Hex(bytes));
  };
  v1::JobSpec spec;
  spec.set_command(absl::StrCat("phosphene style --content=photo.jpg --style ",
                                folder / "style.jpg", ":0.5 changed.jpg"));
  std::vector<std::string> sent;
  const auto left =
      FindFilesAgain(spec, {name("photo"), name("style"), name("gone")},
                     folder.path(), [&](const std::string& path) {
                       sent.push_back(Contents(path));
                       return absl::OkStatus();
                     });
  ASSERT_TRUE(left.ok());
  EXPECT_THAT(*left, ElementsAre(name("gone")));
  EXPECT_THAT(sent, testing::UnorderedElementsAre("photo", "style"));
  EXPECT_THAT(*FindFilesAgain(spec, {}, folder.path(),
                              [](const std::string&) {
                                return absl::InternalError("not asked");
                              }),
              IsEmpty());
}

}  // namespace
}  // namespace phosphene::client
