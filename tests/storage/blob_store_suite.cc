#include "tests/storage/blob_store_suite.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/storage/registry.h"
#include "tests/support/status_matchers.h"

namespace phosphene {

using absl::StatusCode;
using testing::ElementsAre;

void BlobStoreSuite::Open(int64_t max_blob_bytes, int64_t max_partial_bytes) {
  store_.reset();
  auto opened =
      OpenBlobStore(GetParam(), {.directory = directory_.path(),
                                 .max_blob_bytes = max_blob_bytes,
                                 .max_partial_bytes = max_partial_bytes,
                                 .clock = &clock_});
  ASSERT_OK(opened);
  store_ = *std::move(opened);
}

std::string BlobStoreSuite::Put(const std::string& bytes) {
  const absl::StatusOr<BlobInfo> info = store().Put(bytes);
  EXPECT_OK(info);
  return info.ok() ? info->name : "";
}

absl::Status BlobStoreSuite::Upload(const std::string& name,
                                    const std::string& bytes, int64_t offset) {
  auto upload = store().BeginUpload(name, bytes.size(), offset);
  if (!upload.ok()) return upload.status();
  absl::Status status =
      (*upload)->Append(absl::string_view(bytes).substr(offset));
  return status.ok() ? (*upload)->Finish().status() : status;
}

namespace {

std::string Absent() { return BlobNameOf("absent"); }

TEST_P(BlobStoreSuite, ABlobIsNamedAfterItsContentAndReadBack) {
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store().Put("hello"));
  EXPECT_EQ(info.name, BlobNameOf("hello"));
  EXPECT_EQ(info.size_bytes, 5);
  EXPECT_THAT(store().Get(info.name), IsOkAndHolds("hello"));
}

TEST_P(BlobStoreSuite, AnEmptyBlobIsABlob) {
  EXPECT_THAT(store().Get(Put("")), IsOkAndHolds(""));
}

TEST_P(BlobStoreSuite, StoringTwiceIsStoringOnceAndRefreshesTheTouchTime) {
  const std::string name = Put("hello");
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(Put("hello"), name);
  EXPECT_THAT(store().List("", 10), IsOkAndHolds(ElementsAre(name)));
  EXPECT_OK(store().Delete(Absent()));
  EXPECT_THAT(store().Delete(name, clock_.Now() - absl::Hours(1)),
              StatusIs(StatusCode::kAborted));
}

TEST_P(BlobStoreSuite, RangesAreReadAndCutAtTheEnd) {
  const std::string name = Put("0123456789");
  EXPECT_THAT(store().Read(name, 2, 3), IsOkAndHolds("234"));
  EXPECT_THAT(store().Read(name, 8, 100), IsOkAndHolds("89"));
  EXPECT_THAT(store().Read(name, 4, 0), IsOkAndHolds("456789"));
  EXPECT_THAT(store().Read(name, 10, 5), IsOkAndHolds(""));
}

TEST_P(BlobStoreSuite, RangesOutsideAreRefused) {
  const std::string name = Put("0123456789");
  EXPECT_THAT(store().Read(name, 11, 1), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(store().Read(name, -1, 1), StatusIs(StatusCode::kOutOfRange));
  EXPECT_THAT(store().Read(name, 0, -1),
              StatusIs(StatusCode::kInvalidArgument, "limit"));
}

TEST_P(BlobStoreSuite, WhatIsAbsentIsNamed) {
  const std::string name = Absent();
  EXPECT_THAT(store().Get(name), StatusIs(StatusCode::kNotFound, name.c_str()));
  EXPECT_THAT(store().Stat(name),
              StatusIs(StatusCode::kNotFound, name.c_str()));
  EXPECT_OK(store().Delete(name));
}

TEST_P(BlobStoreSuite, OtherNamesAreRefused) {
  for (const char* name : {"", "blobs/", "blobs/xyz", "../../etc/passwd"}) {
    EXPECT_THAT(store().Get(name), StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(store().Stat(name), StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(store().Delete(name), StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(store().BeginUpload(name, 1, 0),
                StatusIs(StatusCode::kInvalidArgument));
    EXPECT_THAT(store().QueryUpload(name),
                StatusIs(StatusCode::kInvalidArgument));
  }
}

TEST_P(BlobStoreSuite, StatTellsSizeAndKeepsTheBlobYoung) {
  const std::string name = Put("hello");
  clock_.Advance(absl::Hours(2));
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, store().Stat(name));
  EXPECT_EQ(info.size_bytes, 5);
  EXPECT_EQ(info.touch_time, clock_.Now());
  EXPECT_THAT(store().Delete(name, clock_.Now() - absl::Hours(1)),
              StatusIs(StatusCode::kAborted));
  EXPECT_THAT(store().Get(name), IsOkAndHolds("hello"));
}

TEST_P(BlobStoreSuite, ADeletedBlobIsGoneAndCanBeStoredAgain) {
  const std::string name = Put("hello");
  ASSERT_OK(store().Delete(name));
  EXPECT_THAT(store().Get(name), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(Put("hello"), name);
  EXPECT_OK(store().Get(name));
}

TEST_P(BlobStoreSuite, AnOldBlobIsDeletedOnCondition) {
  const std::string name = Put("hello");
  const absl::Time stored = clock_.Now();
  clock_.Advance(absl::Hours(2));
  ASSERT_OK(store().Delete(name, stored));
  EXPECT_THAT(store().Get(name), StatusIs(StatusCode::kNotFound));
}

TEST_P(BlobStoreSuite, NamesAreListedInOrderAndPages) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back(Put(absl::StrCat("blob ", i)));
  std::sort(names.begin(), names.end());
  std::vector<std::string> listed;
  for (std::string after;;) {
    ASSERT_OK_AND_ASSIGN(const auto page, store().List(after, 7));
    if (page.empty()) break;
    EXPECT_LE(page.size(), 7u);
    listed.insert(listed.end(), page.begin(), page.end());
    after = page.back();
  }
  EXPECT_EQ(listed, names);
}

TEST_P(BlobStoreSuite, TooLargeBlobsAreRefusedAndNotKept) {
  Open(/*max_blob_bytes=*/10);
  EXPECT_OK(store().Put(std::string(10, 'x')));
  const std::string large(11, 'x');
  EXPECT_THAT(store().Put(large), StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(store().BeginUpload(BlobNameOf(large), 11, 0),
              StatusIs(StatusCode::kResourceExhausted));
  EXPECT_THAT(store().Stat(BlobNameOf(large)), StatusIs(StatusCode::kNotFound));
}

TEST_P(BlobStoreSuite, AnUploadMakesTheBlobWhenItsBytesMatch) {
  const std::string name = BlobNameOf("hello world");
  ASSERT_OK_AND_ASSIGN(auto upload, store().BeginUpload(name, 11, 0));
  ASSERT_OK(upload->Append("hello "));
  EXPECT_THAT(store().Stat(name), StatusIs(StatusCode::kNotFound));
  ASSERT_OK(upload->Append("world"));
  EXPECT_EQ(upload->committed_bytes(), 11);
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, upload->Finish());
  EXPECT_EQ(info.size_bytes, 11);
  EXPECT_THAT(store().Get(name), IsOkAndHolds("hello world"));
}

TEST_P(BlobStoreSuite, ABrokenUploadGoesOnWhereItStopped) {
  const std::string name = BlobNameOf("hello world");
  {
    ASSERT_OK_AND_ASSIGN(auto upload, store().BeginUpload(name, 11, 0));
    ASSERT_OK(upload->Append("hello "));
  }
  ASSERT_OK_AND_ASSIGN(const UploadProgress there, store().QueryUpload(name));
  EXPECT_EQ(there.committed_bytes, 6);
  EXPECT_FALSE(there.complete);
  EXPECT_OK(Upload(name, "hello world", 6));
  EXPECT_THAT(store().Get(name), IsOkAndHolds("hello world"));
}

TEST_P(BlobStoreSuite, AnUploadGoesOnOnlyWhereItStopped) {
  const std::string name = BlobNameOf("hello world");
  EXPECT_THAT(store().BeginUpload(name, 11, 3),
              StatusIs(StatusCode::kOutOfRange, "0 bytes"));
  { ASSERT_OK(store().BeginUpload(name, 11, 0).value()->Append("hello ")); }
  EXPECT_THAT(store().BeginUpload(name, 11, 3),
              StatusIs(StatusCode::kOutOfRange, "6 bytes"));
}

TEST_P(BlobStoreSuite, AnUploadFromZeroStartsAnew) {
  const std::string name = BlobNameOf("hello world");
  { ASSERT_OK(store().BeginUpload(name, 11, 0).value()->Append("hxllo ")); }
  EXPECT_OK(Upload(name, "hello world", 0));
  EXPECT_THAT(store().Get(name), IsOkAndHolds("hello world"));
}

TEST_P(BlobStoreSuite, BytesThatDoNotMatchTheNameAreNotKept) {
  const std::string name = BlobNameOf("hello");
  EXPECT_THAT(Upload(name, "jello"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(store().Stat(name), StatusIs(StatusCode::kNotFound));
  EXPECT_EQ(store().QueryUpload(name).value().committed_bytes, 0);
}

TEST_P(BlobStoreSuite, BytesThatDoNotMatchTheSizeAreNotKept) {
  const std::string name = BlobNameOf("hello");
  ASSERT_OK_AND_ASSIGN(auto few, store().BeginUpload(name, 5, 0));
  ASSERT_OK(few->Append("hell"));
  EXPECT_THAT(few->Finish(), StatusIs(StatusCode::kInvalidArgument, "5 bytes"));
  few.reset();
  ASSERT_OK_AND_ASSIGN(auto many, store().BeginUpload(name, 5, 0));
  EXPECT_THAT(many->Append("hello!"), StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(many->Append("hello"), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_THAT(many->Finish(), StatusIs(StatusCode::kFailedPrecondition));
  EXPECT_EQ(store().QueryUpload(name).value().committed_bytes, 0);
  EXPECT_THAT(store().BeginUpload(name, -1, 0),
              StatusIs(StatusCode::kInvalidArgument, "size_bytes"));
}

TEST_P(BlobStoreSuite, UploadingWhatIsThereSucceedsAtOnce) {
  const std::string name = Put("hello");
  ASSERT_OK_AND_ASSIGN(const UploadProgress there, store().QueryUpload(name));
  EXPECT_TRUE(there.complete);
  EXPECT_EQ(there.committed_bytes, 5);
  ASSERT_OK_AND_ASSIGN(auto upload, store().BeginUpload(name, 5, 0));
  EXPECT_OK(upload->Append("ignored, whatever it is"));
  ASSERT_OK_AND_ASSIGN(const BlobInfo info, upload->Finish());
  EXPECT_EQ(info.size_bytes, 5);
  EXPECT_THAT(store().Get(name), IsOkAndHolds("hello"));
}

TEST_P(BlobStoreSuite, ABlobIsUploadedByOneAtATime) {
  const std::string name = BlobNameOf("hello");
  ASSERT_OK_AND_ASSIGN(auto first, store().BeginUpload(name, 5, 0));
  EXPECT_THAT(store().BeginUpload(name, 5, 0), StatusIs(StatusCode::kAborted));
  first.reset();
  EXPECT_OK(store().BeginUpload(name, 5, 0));
}

TEST_P(BlobStoreSuite, AnIdleUploadIsTakenOverAndItsWriterIsTold) {
  const std::string name = BlobNameOf("hello world");
  ASSERT_OK_AND_ASSIGN(auto idle, store().BeginUpload(name, 11, 0));
  ASSERT_OK(idle->Append("hello "));
  clock_.Advance(absl::Seconds(9));
  EXPECT_THAT(store().BeginUpload(name, 11, 6), StatusIs(StatusCode::kAborted));
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(store().QueryUpload(name)->committed_bytes, 6);
  ASSERT_OK_AND_ASSIGN(auto second, store().BeginUpload(name, 11, 6));
  EXPECT_THAT(idle->Append("WORLD"), StatusIs(StatusCode::kAborted, "paused"));
  ASSERT_OK(second->Append("world"));
  idle.reset();
  EXPECT_OK(second->Finish());
  EXPECT_THAT(store().Get(name), IsOkAndHolds("hello world"));
}

TEST_P(BlobStoreSuite, AnUploadThatMovesIsNotTakenOver) {
  const std::string name = BlobNameOf("hello world");
  ASSERT_OK_AND_ASSIGN(auto first, store().BeginUpload(name, 11, 0));
  for (const char* piece : {"hel", "lo ", "wor", "ld"}) {
    clock_.Advance(absl::Seconds(9));
    ASSERT_OK(first->Append(piece));
    EXPECT_THAT(store().BeginUpload(name, 11, 0),
                StatusIs(StatusCode::kAborted));
  }
  EXPECT_OK(first->Finish());
}

TEST_P(BlobStoreSuite, AnIdleUploadGoesOnWhenNobodyTookItOver) {
  const std::string name = BlobNameOf("hello world");
  ASSERT_OK_AND_ASSIGN(auto upload, store().BeginUpload(name, 11, 0));
  ASSERT_OK(upload->Append("hello "));
  clock_.Advance(absl::Hours(1));
  ASSERT_OK(upload->Append("world"));
  EXPECT_OK(upload->Finish());
}

TEST_P(BlobStoreSuite, BrokenOffUploadsAreBoundedTheOldestGo) {
  const auto break_off = [&](int i) {
    const std::string bytes = absl::StrCat("upload ", 1000 + i);
    auto upload = store().BeginUpload(BlobNameOf(bytes), 11, 0);
    ASSERT_OK(upload);
    ASSERT_OK((*upload)->Append(bytes.substr(0, 5)));
    clock_.Advance(absl::Seconds(1));
  };
  const auto arrived = [&](int i) {
    return store()
        .QueryUpload(BlobNameOf(absl::StrCat("upload ", 1000 + i)))
        ->committed_bytes;
  };
  for (int i = 0; i < 300; ++i) break_off(i);
  EXPECT_EQ(arrived(0), 0);
  EXPECT_EQ(arrived(299), 5);
  int kept = 0;
  for (int i = 0; i < 300; ++i) kept += arrived(i) > 0;
  EXPECT_EQ(kept, 256);
}

TEST_P(BlobStoreSuite, BytesOfBrokenOffUploadsAreBounded) {
  Open(1 << 20, /*max_partial_bytes=*/2'500'000);
  const std::string megabyte(1'000'000, 'x');
  for (const char* end : {"a", "b", "c"}) {
    const std::string name = BlobNameOf(megabyte + end);
    ASSERT_OK_AND_ASSIGN(auto upload, store().BeginUpload(name, 1'000'001, 0));
    ASSERT_OK(upload->Append(megabyte));
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(store().QueryUpload(BlobNameOf(megabyte + "a"))->committed_bytes,
            0);
  EXPECT_OK(Upload(BlobNameOf(megabyte + "b"), megabyte + "b", 1'000'000));
}

TEST_P(BlobStoreSuite, UploadsAtWorkThatExceedTheBoundsAreRefused) {
  Open(1 << 20, /*max_partial_bytes=*/1'500'000);
  const std::string megabyte(1'000'000, 'x');
  ASSERT_OK_AND_ASSIGN(
      auto first,
      store().BeginUpload(BlobNameOf(megabyte + "a"), 1'000'001, 0));
  ASSERT_OK(first->Append(megabyte));
  ASSERT_OK_AND_ASSIGN(
      auto second,
      store().BeginUpload(BlobNameOf(megabyte + "b"), 1'000'001, 0));
  EXPECT_THAT(second->Append(megabyte),
              StatusIs(StatusCode::kResourceExhausted, "1500000 bytes"));
  ASSERT_OK(first->Append("a"));
  EXPECT_OK(first->Finish());
}

TEST_P(BlobStoreSuite, UploadsExpireWithoutAnother) {
  const std::string name = BlobNameOf("hello");
  { ASSERT_OK(store().BeginUpload(name, 5, 0).value()->Append("hel")); }
  EXPECT_THAT(store().ExpireUploads(), IsOkAndHolds(0));
  clock_.Advance(absl::Hours(25));
  EXPECT_THAT(store().ExpireUploads(), IsOkAndHolds(1));
  EXPECT_EQ(store().QueryUpload(name)->committed_bytes, 0);
}

TEST_P(BlobStoreSuite, ForgottenUploadsAreRemoved) {
  const std::string name = BlobNameOf("hello");
  { ASSERT_OK(store().BeginUpload(name, 5, 0).value()->Append("hel")); }
  clock_.Advance(absl::Hours(25));
  EXPECT_OK(store().BeginUpload(BlobNameOf("other"), 5, 0));
  EXPECT_EQ(store().QueryUpload(name).value().committed_bytes, 0);
}

TEST_P(BlobStoreSuite, ThreadsMayStoreReadAndDeleteTheSameBlobs) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int round = 0; round < 20; ++round) {
        const std::string bytes = absl::StrCat("blob ", round % 3);
        ASSERT_OK_AND_ASSIGN(const BlobInfo info, store().Put(bytes));
        const absl::StatusOr<std::string> read = store().Get(info.name);
        if (read.ok()) {
          EXPECT_EQ(*read, bytes);
        }
        EXPECT_TRUE(read.ok() || absl::IsNotFound(read.status()))
            << read.status();
        if (round % 5 == 4) {
          EXPECT_OK(store().Delete(info.name));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_OK_AND_ASSIGN(const auto names, store().List("", 100));
  for (const std::string& name : names) EXPECT_OK(store().Get(name));
}

std::vector<std::string> Schemes() {
  std::vector<std::string> schemes;
  for (const BlobStoreKind* kind : BlobStoreKinds()) {
    schemes.push_back(kind->scheme);
  }
  return schemes;
}

INSTANTIATE_TEST_SUITE_P(AllKinds, BlobStoreSuite, testing::ValuesIn(Schemes()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace phosphene
