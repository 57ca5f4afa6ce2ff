#include "client/remote/blobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/base/sha256.h"
#include "tests/client/scripted_server.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using testing::ElementsAre;

std::string NameOf(const std::string& bytes) {
  return "blobs/" + Sha256Hex(bytes);
}

class BlobsTest : public testing::Test {
 protected:
  std::string Upload() {
    Put(folder_ / "in", bytes_);
    const auto name = UploadFile(connection_, folder_ / "in", nullptr);
    return name.ok() ? *name : name.status().ToString();
  }
  absl::Status Download() {
    return DownloadBlob(connection_, NameOf(bytes_), folder_ / "out",
                        static_cast<int64_t>(bytes_.size()), nullptr)
        .status();
  }

  const TempFolder folder_;
  const std::string bytes_ = absl::StrCat(std::string(600'000, 'a'), "the end");
  ScriptedServer server_;
  Connection connection_{server_.address()};
};

TEST_F(BlobsTest, AFileArrivesUnderItsSha256) {
  EXPECT_EQ(Upload(), NameOf(bytes_));
  EXPECT_EQ(server_.blobs[NameOf(bytes_)], bytes_);
}

TEST_F(BlobsTest, WhatIsThereIsNotSentAgain) {
  server_.blobs[NameOf(bytes_)] = bytes_;
  EXPECT_EQ(Upload(), NameOf(bytes_));
  EXPECT_TRUE(server_.upload_offsets.empty());
}

TEST_F(BlobsTest, ABrokenUploadGoesOnWhereItStopped) {
  server_.break_upload_at = 300'001;
  EXPECT_EQ(Upload(), NameOf(bytes_));
  EXPECT_THAT(server_.upload_offsets, ElementsAre(0, 300'001));
  EXPECT_EQ(server_.blobs[NameOf(bytes_)], bytes_);
}

TEST_F(BlobsTest, ABrokenReadGoesOnWhereItStopped) {
  server_.blobs[NameOf(bytes_)] = bytes_;
  server_.break_read_at = 1234;
  ASSERT_TRUE(Download().ok());
  EXPECT_THAT(server_.read_offsets, ElementsAre(0, 1234));
  EXPECT_EQ(Contents(folder_ / "out"), bytes_);
}

TEST_F(BlobsTest, BytesThatDoNotMatchTheirNameAreNotKept) {
  server_.blobs[NameOf(bytes_)] = "something else";
  EXPECT_EQ(Download().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(folder_.FileCount(), 0u);
}

TEST_F(BlobsTest, AMissingBlobLeavesTheOldFile) {
  Put(folder_ / "out", "old");
  EXPECT_EQ(Download().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Contents(folder_ / "out"), "old");
}

TEST_F(BlobsTest, AnEmptyFileIsABlobToo) {
  Put(folder_ / "empty", "");
  EXPECT_EQ(*UploadFile(connection_, folder_ / "empty", nullptr), NameOf(""));
}

TEST_F(BlobsTest, ReadingIntoMemoryIsBounded) {
  server_.blobs[NameOf(bytes_)] = bytes_;
  EXPECT_EQ(ReadBlob(connection_, NameOf(bytes_), 1000).status().code(),
            absl::StatusCode::kOutOfRange);
  EXPECT_EQ(*ReadBlob(connection_, NameOf(bytes_), 1'000'000), bytes_);
}

}  // namespace
}  // namespace phosphene::client
