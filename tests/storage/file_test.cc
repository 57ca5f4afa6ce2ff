// What only the file store promises: survival, healing, full disks.

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "server/base/mapped_file.h"
#include "server/storage/blob_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

using absl::StatusCode;
using testing::ElementsAre;

std::unique_ptr<BlobStore> OpenAt(const std::string& path) {
  auto store = OpenBlobStore("file", {.directory = path});
  EXPECT_OK(store);
  return *std::move(store);
}

// The regular files under a folder.
int CountFiles(const std::string& path) {
  int count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(path)) {
    count += entry.is_regular_file();
  }
  return count;
}

TEST(FileBlobStoreTest, BlobsAndBrokenUploadsSurviveARestart) {
  const TempDir dir;
  const std::string half = BlobNameOf("hello world");
  std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  ASSERT_OK_AND_ASSIGN(const BlobInfo kept, store->Put("kept"));
  { ASSERT_OK(store->BeginUpload(half, 11, 0).value()->Append("hello ")); }
  store = OpenAt(dir.path());
  EXPECT_THAT(store->Get(kept.name), IsOkAndHolds("kept"));
  ASSERT_OK_AND_ASSIGN(auto upload, store->BeginUpload(half, 11, 6));
  ASSERT_OK(upload->Append("world"));
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(store->Get(half), IsOkAndHolds("hello world"));
}

TEST(FileBlobStoreTest, DamagedBytesAreNeverReadAndAreHealedByPut) {
  const TempDir dir;
  const std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store->Put("hello"));
  ASSERT_OK_AND_ASSIGN(const std::string path, store->LocalPath(info.name));
  std::ofstream(path) << "jello, longer";
  EXPECT_THAT(store->Read(info.name, 2, 1),
              StatusIs(StatusCode::kDataLoss, info.name.c_str()));
  EXPECT_OK(store->Put("hello"));
  EXPECT_THAT(store->Get(info.name), IsOkAndHolds("hello"));
}

TEST(FileBlobStoreTest, AnUploadReplacesADamagedBlob) {
  const TempDir dir;
  const std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store->Put("hello"));
  ASSERT_OK_AND_ASSIGN(const std::string path, store->LocalPath(info.name));
  std::ofstream(path) << "jello";
  EXPECT_FALSE(store->QueryUpload(info.name)->complete);
  EXPECT_THAT(store->Stat(info.name), StatusIs(StatusCode::kDataLoss));
  ASSERT_OK_AND_ASSIGN(auto upload, store->BeginUpload(info.name, 5, 0));
  ASSERT_OK(upload->Append("hello"));
  EXPECT_OK(upload->Finish());
  EXPECT_THAT(store->Get(info.name), IsOkAndHolds("hello"));
  EXPECT_OK(store->Stat(info.name));
  EXPECT_TRUE(store->QueryUpload(info.name)->complete);
}

TEST(FileBlobStoreTest, WhatMapsADamagedBlobKeepsItWhenItIsReplaced) {
  const TempDir dir;
  const std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  const std::string large(5 << 20, 'x');
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store->Put(large));
  ASSERT_OK_AND_ASSIGN(const std::string path, store->LocalPath(info.name));
  ASSERT_OK_AND_ASSIGN(const auto mapped, MappedFile::Open(path));
  std::fstream(path, std::ios::in | std::ios::out) << "damage";
  EXPECT_FALSE(store->QueryUpload(info.name)->complete);
  EXPECT_OK(store->Put(large));
  EXPECT_EQ(mapped->data().substr(0, 6), "damage");
  EXPECT_THAT(store->Read(info.name, 0, 6), IsOkAndHolds("xxxxxx"));
}

// While it lives, this process can open no file.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    rlimit none = before_;
    none.rlim_cur = 0;
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

TEST(FileBlobStoreTest, WithoutDescriptorsItIsAwayAndNothingIsLost) {
  const TempDir dir;
  const std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store->Put("hello"));
  {
    const NoDescriptors none;
    EXPECT_THAT(store->Get(info.name), StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(store->Stat(info.name), StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(store->Put("hello"), StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(store->Put("other"), StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(store->QueryUpload(info.name),
                StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(store->BeginUpload(BlobNameOf("new"), 3, 0),
                StatusIs(StatusCode::kUnavailable));
    EXPECT_THAT(store->LocalPath(info.name),
                StatusIs(StatusCode::kUnavailable));
  }
  EXPECT_THAT(store->Get(info.name), IsOkAndHolds("hello"));
  EXPECT_OK(store->Put("other"));
}

TEST(FileBlobStoreTest, BrokenOffUploadsOfAnEarlierProcessAreBoundedToo) {
  const TempDir dir;
  std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  for (int i = 0; i < 300; ++i) {
    const std::string sha = BlobNameOf(std::to_string(i)).substr(6);
    std::ofstream(dir.path() + "/partial/" + sha) << "half";
  }
  store = OpenAt(dir.path());
  EXPECT_EQ(CountFiles(dir.path() + "/partial"), 256);
}

TEST(FileBlobStoreTest, TheLocalPathHoldsTheContent) {
  const TempDir dir;
  const std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store->Put("hello"));
  ASSERT_OK_AND_ASSIGN(const std::string path, store->LocalPath(info.name));
  std::string content;
  std::ifstream(path) >> content;
  EXPECT_EQ(content, "hello");
  EXPECT_THAT(store->LocalPath(BlobNameOf("absent")),
              StatusIs(StatusCode::kNotFound));
}

TEST(FileBlobStoreTest, ForeignFilesInTheFolderAreNotListed) {
  const TempDir dir;
  const std::unique_ptr<BlobStore> store = OpenAt(dir.path());
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store->Put("hello"));
  std::ofstream(dir.path() + "/" + info.name.substr(6, 2) + "/notes") << "x";
  EXPECT_THAT(store->List("", 10), IsOkAndHolds(ElementsAre(info.name)));
}

class FullDiskTest : public testing::Test {
 protected:
  FullDiskTest() : disk_(256 << 10) {}
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << "only root may mount a tmpfs";
    store_ = OpenAt(disk_.path());
  }

  TinyDisk disk_;
  std::unique_ptr<BlobStore> store_;
  const std::string large_ = std::string(1 << 20, 'x');
};

TEST_F(FullDiskTest, PutAnswersResourceExhaustedAndKeepsNothing) {
  ASSERT_OK_AND_ASSIGN(const BlobInfo small, store_->Put("small"));
  EXPECT_THAT(store_->Put(large_),
              StatusIs(StatusCode::kResourceExhausted, "No space left"));
  EXPECT_EQ(CountFiles(disk_.path()), 1);
  EXPECT_THAT(store_->Get(small.name), IsOkAndHolds("small"));
  EXPECT_OK(store_->Put("another small one"));
}

TEST_F(FullDiskTest, AnUploadAnswersResourceExhaustedAndKeepsNothing) {
  ASSERT_OK_AND_ASSIGN(
      auto upload, store_->BeginUpload(BlobNameOf(large_), large_.size(), 0));
  absl::Status status;
  for (size_t at = 0; status.ok() && at < large_.size(); at += 65536) {
    status = upload->Append(large_.substr(at, 65536));
  }
  EXPECT_THAT(status, StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(upload->Finish(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(CountFiles(disk_.path()), 0);
}

}  // namespace
}  // namespace phosphene
