#include "server/rpc/blob_service.h"

#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>

#include "absl/strings/str_cat.h"
#include "server/rpc/transfer_book.h"
#include "server/storage/blob_store.h"
#include "tests/rpc/service_fixture.h"

namespace phosphene {
namespace {

using grpc::StatusCode;

class BlobServiceTest : public ServiceFixture {
 protected:
  BlobServiceTest() {
    config_.set_max_blob_bytes(8 << 20);
    Start();
  }

  // 0, 1, 2, ... so that a wrong range shows.
  static std::string Bytes(size_t size) {
    std::string bytes(size, '\0');
    for (size_t i = 0; i < size; ++i)
      bytes[i] = static_cast<char>(i * 31 + i / 256);
    return bytes;
  }
  static v1::UploadBlobRequest::Header HeaderOf(const std::string& bytes,
                                                int64_t offset = 0) {
    v1::UploadBlobRequest::Header header;
    header.set_name(BlobNameOf(bytes));
    header.set_size_bytes(static_cast<int64_t>(bytes.size()));
    header.set_offset(offset);
    return header;
  }
  v1::QueryUploadResponse Query(const std::string& name) {
    v1::QueryUploadRequest request;
    request.set_name(name);
    v1::QueryUploadResponse response;
    EXPECT_THAT(blobs_->QueryUpload(Context().get(), request, &response),
                Succeeds());
    return response;
  }
  bool Exists(const std::string& name) { return Query(name).complete(); }

  // Sends `piece` and breaks off when the server has taken it.
  void BreakOff(const std::string& whole, const std::string& piece) {
    auto context = Context();
    v1::UploadBlobResponse response;
    const auto writer = blobs_->UploadBlob(context.get(), &response);
    v1::UploadBlobRequest message;
    *message.mutable_header() = HeaderOf(whole);
    ASSERT_TRUE(writer->Write(message));
    message.set_data(piece);
    ASSERT_TRUE(writer->Write(message));
    while (Query(BlobNameOf(whole)).committed_bytes() <
           static_cast<int64_t>(piece.size())) {
    }
    context->TryCancel();
    EXPECT_EQ(writer->Finish().error_code(), StatusCode::CANCELLED);
  }

  v1::Blob blob_;
  std::string read_;
};

TEST_F(BlobServiceTest, WhatWasUploadedInPiecesIsReadInPieces) {
  const std::string bytes = Bytes(1'000'000);
  ASSERT_THAT(Upload(HeaderOf(bytes),
                     {bytes.substr(0, 1), bytes.substr(1, 700'000),
                      bytes.substr(700'001)},
                     &blob_),
              Succeeds());
  EXPECT_EQ(blob_.name(), BlobNameOf(bytes));
  EXPECT_EQ(blob_.size_bytes(), 1'000'000);
  int messages = 0;
  ASSERT_THAT(Read(blob_.name(), 0, 0, &read_, &messages), Succeeds());
  EXPECT_EQ(read_, bytes);
  EXPECT_EQ(messages, 4) << "256 KiB each";
}

TEST_F(BlobServiceTest, AnEmptyBlobIsABlob) {
  ASSERT_THAT(Upload(HeaderOf(""), {}, &blob_), Succeeds());
  ASSERT_THAT(Read(BlobNameOf(""), 0, 0, &read_), Succeeds());
  EXPECT_EQ(read_, "");
}

TEST_F(BlobServiceTest, RangesAreExact) {
  const std::string bytes = Bytes(600'000);
  const std::string name = Store(bytes);
  const std::vector<std::pair<int64_t, int64_t>> ranges = {
      {0, 1},         {5, 0},         {262'143, 2},
      {599'999, 100}, {100, 500'000}, {600'000, 0}};
  for (const auto& [offset, limit] : ranges) {
    ASSERT_THAT(Read(name, offset, limit, &read_), Succeeds());
    EXPECT_EQ(read_,
              bytes.substr(offset, limit == 0 ? std::string::npos : limit))
        << offset << " " << limit;
  }
}

TEST_F(BlobServiceTest, ReadsOutsideTheBlobAreRefused) {
  const std::string name = Store("ten bytes.");
  EXPECT_THAT(Read(name, 11, 0, &read_),
              FailsWith(StatusCode::OUT_OF_RANGE, "11"));
  EXPECT_THAT(Read(name, -1, 0, &read_),
              FailsWith(StatusCode::OUT_OF_RANGE, "-1"));
  EXPECT_THAT(Read(name, 0, -1, &read_),
              FailsWith(StatusCode::INVALID_ARGUMENT, "limit"));
  EXPECT_THAT(Read("blobs/" + std::string(64, '0'), 0, 0, &read_),
              FailsWith(StatusCode::NOT_FOUND, "blobs/0"));
  EXPECT_THAT(Read("blobs/../../etc/passwd", 0, 0, &read_),
              FailsWith(StatusCode::INVALID_ARGUMENT, "name"));
}

TEST_F(BlobServiceTest, BytesThatDoNotMatchTheirNameAreNotKept) {
  auto header = HeaderOf("what was promised");
  EXPECT_THAT(Upload(header, {"what was sent it!"}, &blob_),
              FailsWith(StatusCode::INVALID_ARGUMENT, ""));
  EXPECT_FALSE(Exists(header.name()));
  header.set_size_bytes(100);
  EXPECT_THAT(Upload(header, {"what was promised"}, &blob_),
              FailsWith(StatusCode::INVALID_ARGUMENT, ""));
  EXPECT_FALSE(Exists(header.name()));
  header.set_size_bytes(3);
  EXPECT_THAT(Upload(header, {"what was promised"}, &blob_),
              FailsWith(StatusCode::INVALID_ARGUMENT, ""));
  EXPECT_FALSE(Exists(header.name()));
}

TEST_F(BlobServiceTest, ABrokenUploadGoesOnWhereItEnded) {
  const std::string bytes = Bytes(500'000);
  BreakOff(bytes, bytes.substr(0, 200'000));
  const v1::QueryUploadResponse there = Query(BlobNameOf(bytes));
  ASSERT_EQ(there.committed_bytes(), 200'000);
  ASSERT_FALSE(there.complete());
  grpc::Status status;
  do {  // the broken call may still hold the upload for an instant
    status = Upload(HeaderOf(bytes, 200'000), {bytes.substr(200'000)}, &blob_);
  } while (status.error_code() == StatusCode::ABORTED);
  ASSERT_THAT(status, Succeeds());
  ASSERT_THAT(Read(blob_.name(), 0, 0, &read_), Succeeds());
  EXPECT_EQ(read_, bytes);
}

TEST_F(BlobServiceTest, AnOffsetThatIsNotTheEndOfWhatArrivedIsRefused) {
  EXPECT_THAT(Upload(HeaderOf("abc", 2), {"c"}, &blob_),
              FailsWith(StatusCode::OUT_OF_RANGE, ""));
}

TEST_F(BlobServiceTest, UploadingWhatIsThereSucceedsWithoutItsBytes) {
  const std::string bytes = Bytes(100'000);
  Store(bytes);
  ASSERT_THAT(Upload(HeaderOf(bytes), {}, &blob_), Succeeds());
  EXPECT_EQ(blob_.size_bytes(), 100'000);
}

TEST_F(BlobServiceTest, ABlobLargerThanAllowedIsRefusedBeforeItsBytes) {
  auto header = HeaderOf("x");
  header.set_size_bytes(int64_t{9} << 20);
  EXPECT_THAT(Upload(header, {}, &blob_),
              FailsWith(StatusCode::RESOURCE_EXHAUSTED, ""));
  header.set_size_bytes(-1);
  EXPECT_THAT(Upload(header, {}, &blob_),
              FailsWith(StatusCode::INVALID_ARGUMENT, "size_bytes"));
}

TEST_F(BlobServiceTest, MessagesOutOfOrderOrTooLargeAreRefused) {
  auto context = Context();
  v1::UploadBlobResponse response;
  auto writer = blobs_->UploadBlob(context.get(), &response);
  v1::UploadBlobRequest message;
  message.set_data("no header before");
  writer->Write(message);
  EXPECT_THAT(writer->Finish(),
              FailsWith(StatusCode::INVALID_ARGUMENT, "header"));
  const std::string large = Bytes((1 << 20) + 1);
  EXPECT_THAT(Upload(HeaderOf(large), {large}, &blob_),
              FailsWith(StatusCode::INVALID_ARGUMENT, "1048576"));
  auto second = Context();
  writer = blobs_->UploadBlob(second.get(), &response);
  writer->WritesDone();
  EXPECT_THAT(writer->Finish(),
              FailsWith(StatusCode::INVALID_ARGUMENT, "header"));
}

TEST_F(BlobServiceTest, StoredBytesThatChangedAreDataLoss) {
  const std::string name = Store(Bytes(300'000));
  int damaged = 0;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(config_.data())) {
    if (!file.is_regular_file() || file.file_size() != 300'000) continue;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
    std::fstream(file.path(), std::ios::in | std::ios::out) << "damage";
    ++damaged;
  }
  ASSERT_EQ(damaged, 1);
  EXPECT_THAT(Read(name, 0, 0, &read_), FailsWith(StatusCode::DATA_LOSS, name));
}

TEST_F(BlobServiceTest, AnUploadMendsADamagedBlob) {
  const std::string bytes = Bytes(300'000);
  const std::string name = Store(bytes);
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(config_.data())) {
    if (!file.is_regular_file() || file.file_size() != 300'000) continue;
    std::fstream(file.path(), std::ios::in | std::ios::out) << "damage";
  }
  EXPECT_FALSE(Exists(name));
  v1::StatBlobsRequest request;
  request.add_names(name);
  v1::StatBlobsResponse response;
  ASSERT_THAT(blobs_->StatBlobs(Context().get(), request, &response),
              Succeeds());
  EXPECT_THAT(response.missing(), testing::ElementsAre(name));
  ASSERT_THAT(Upload(HeaderOf(bytes), {bytes}, &blob_), Succeeds());
  ASSERT_THAT(Read(name, 0, 0, &read_), Succeeds());
  EXPECT_EQ(read_, bytes);
  EXPECT_TRUE(Exists(name));
}

TEST_F(BlobServiceTest, AHostThatHoldsManyTransfersOpenGetsNoMore) {
  struct Call {
    std::unique_ptr<grpc::ClientContext> context = Context();
    v1::UploadBlobResponse response;
    std::unique_ptr<grpc::ClientWriter<v1::UploadBlobRequest>> writer;
  };
  std::deque<Call> open(TransferBook::kMaxPerHost);
  for (size_t i = 0; i < open.size(); ++i) {
    const std::string bytes = absl::StrCat("upload ", i);
    Call& call = open[i];
    call.writer = blobs_->UploadBlob(call.context.get(), &call.response);
    v1::UploadBlobRequest message;
    *message.mutable_header() = HeaderOf(bytes);
    ASSERT_TRUE(call.writer->Write(message));
    message.set_data(bytes);
    ASSERT_TRUE(call.writer->Write(message));
    while (Query(BlobNameOf(bytes)).committed_bytes() == 0) {
    }
  }
  const std::string bytes = "one more";
  const grpc::Status refused = Upload(HeaderOf(bytes), {bytes}, &blob_);
  EXPECT_THAT(refused, FailsWith(StatusCode::UNAVAILABLE, "64"));
  EXPECT_TRUE(HasRetryInfo(refused));
  for (Call& call : open) {
    call.writer->WritesDone();
    EXPECT_THAT(call.writer->Finish(), Succeeds());
  }
  EXPECT_THAT(Upload(HeaderOf(bytes), {bytes}, &blob_), Succeeds());
}

TEST_F(BlobServiceTest, StatTellsWhichAreThere) {
  const std::string name = Store("here");
  const std::string missing = "blobs/" + std::string(64, '1');
  v1::StatBlobsRequest request;
  request.add_names(missing);
  request.add_names(name);
  v1::StatBlobsResponse response;
  ASSERT_THAT(blobs_->StatBlobs(Context().get(), request, &response),
              Succeeds());
  ASSERT_EQ(response.blobs_size(), 1);
  EXPECT_EQ(response.blobs(0).name(), name);
  EXPECT_EQ(response.blobs(0).size_bytes(), 4);
  EXPECT_THAT(response.missing(), testing::ElementsAre(missing));
  request.add_names("blobs/short");
  EXPECT_THAT(blobs_->StatBlobs(Context().get(), request, &response),
              FailsWith(StatusCode::INVALID_ARGUMENT, "names[2]"));
  for (int i = 0; i < 1000; ++i) request.add_names(missing);
  EXPECT_THAT(blobs_->StatBlobs(Context().get(), request, &response),
              FailsWith(StatusCode::INVALID_ARGUMENT, "1000 at most"));
}

}  // namespace
}  // namespace phosphene
