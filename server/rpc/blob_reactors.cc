// The two streams of BlobService: up and down.

#include "server/rpc/blob_reactors.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr RpcMethod kUploadBlob = {"phosphene.v1.BlobService", "UploadBlob",
                                   "client_stream"};
constexpr RpcMethod kReadBlob = {"phosphene.v1.BlobService", "ReadBlob",
                                 "server_stream"};

void Fill(const BlobInfo& info, v1::Blob* blob) {
  blob->set_name(info.name);
  blob->set_size_bytes(info.size_bytes);
}

// One thing is under way at any time, a read or a task, and each ends in the
// next or in Finish; a cancel shows as a read that fails. So nothing here is
// touched by two threads at once, and OnCancel has nothing to do. The book
// cancels a call whose client does nothing.
class Upload : public grpc::ServerReadReactor<v1::UploadBlobRequest> {
 public:
  Upload(const RpcEnvironment& env, BlobStore& blobs, TransferBook& book,
         v1::UploadBlobResponse* response)
      : env_(env),
        blobs_(blobs),
        book_(book),
        record_(env, kUploadBlob),
        response_(response) {}

  void Start(grpc::CallbackServerContext* context) {
    context_ = context;
    const absl::Status admitted = Admit();
    admitted.ok() ? ReadNext() : End(admitted);
  }

  void OnReadDone(bool ok) override {
    env_.transfers->Execute([this, ok] {
      ticket_->Work();
      ok ? Take() : Complete();
    });
  }
  void OnDone() override { delete this; }

 private:
  absl::Status Admit() {
    RETURN_IF_ERROR(record_.Admit(*context_).status());
    ASSIGN_OR_RETURN(ticket_, book_.Enter(context_->peer(),
                                          [this] { context_->TryCancel(); }));
    return absl::OkStatus();
  }

  void ReadNext() {
    ticket_->Wait();
    StartRead(&message_);
  }

  void End(const absl::Status& status) {
    upload_.reset();
    ticket_.reset();
    Finish(record_.End(status));
  }

  void Take() {
    env_.metrics->MessageReceived(kUploadBlob);
    const absl::Status status = message_.has_header() ? Begin(message_.header())
                                                      : Append(message_.data());
    if (!status.ok() || over_) {
      End(status);
    } else {
      ReadNext();
    }
  }

  absl::Status Begin(const v1::UploadBlobRequest::Header& header) {
    if (upload_ != nullptr)
      return FieldError("header", "sent twice; it is the first message alone");
    RETURN_IF_ERROR(CheckBlobName(header.name(), "header.name"));
    if (header.size_bytes() < 0) {
      return FieldError("header.size_bytes",
                        absl::StrCat(header.size_bytes(), " is negative"));
    }
    ASSIGN_OR_RETURN(const UploadProgress there,
                     blobs_.QueryUpload(header.name()));
    const int64_t offset = there.complete ? 0 : header.offset();
    ASSIGN_OR_RETURN(upload_, blobs_.BeginUpload(header.name(),
                                                 header.size_bytes(), offset));
    if (!there.complete) return absl::OkStatus();
    over_ = true;  // succeeds at once
    return Store();
  }

  absl::Status Append(const std::string& data) {
    if (upload_ == nullptr)
      return FieldError("header", "missing; it is the first message");
    if (static_cast<int64_t>(data.size()) > kMaxUploadMessage) {
      return FieldError("data",
                        absl::StrCat(data.size(), " bytes in one message; ",
                                     kMaxUploadMessage, " at most"));
    }
    return upload_->Append(data);
  }

  // The client has sent all, or is gone.
  void Complete() {
    absl::Status status = CallCancelled();
    if (!context_->IsCancelled()) {
      status = upload_ == nullptr
                   ? FieldError("header", "missing; it is the first message")
                   : Store();
    }
    End(status);
  }

  absl::Status Store() {
    ASSIGN_OR_RETURN(const BlobInfo info, upload_->Finish());
    Fill(info, response_->mutable_blob());
    return absl::OkStatus();
  }

  const RpcEnvironment& env_;
  BlobStore& blobs_;
  TransferBook& book_;
  CallRecord record_;
  std::unique_ptr<TransferBook::Ticket> ticket_;
  v1::UploadBlobResponse* const response_;
  grpc::CallbackServerContext* context_ = nullptr;
  v1::UploadBlobRequest message_;
  std::unique_ptr<BlobUpload> upload_;
  bool over_ = false;  // the blob was there; the rest need not be read
};

// As Upload: a task or a write is under way at any time.
class Reading : public grpc::ServerWriteReactor<v1::ReadBlobResponse> {
 public:
  Reading(const RpcEnvironment& env, BlobStore& blobs, TransferBook& book)
      : env_(env), blobs_(blobs), book_(book), record_(env, kReadBlob) {}

  void Start(grpc::CallbackServerContext* context,
             const v1::ReadBlobRequest& request) {
    const absl::Status admitted = Admit(context);
    if (!admitted.ok()) {
      End(admitted);
      return;
    }
    name_ = request.name();
    at_ = request.offset();
    env_.transfers->Execute([this, limit = request.limit()] {
      const absl::Status status = Open(limit);
      status.ok() ? Continue() : End(status);
    });
  }

  void OnWriteDone(bool ok) override {
    env_.transfers->Execute([this, ok] {
      ticket_->Work();
      ok ? Continue() : End(CallCancelled());
    });
  }
  void OnDone() override { delete this; }

 private:
  absl::Status Admit(grpc::CallbackServerContext* context) {
    RETURN_IF_ERROR(record_.Admit(*context).status());
    ASSIGN_OR_RETURN(ticket_, book_.Enter(context->peer(),
                                          [context] { context->TryCancel(); }));
    return absl::OkStatus();
  }

  void End(const absl::Status& status) {
    ticket_.reset();
    Finish(record_.End(status));
  }

  absl::Status Open(int64_t limit) {
    RETURN_IF_ERROR(CheckBlobName(name_, "name"));
    if (limit < 0)
      return FieldError(
          "limit", absl::StrCat(limit, " is negative; 0 reads to the end"));
    ASSIGN_OR_RETURN(const BlobInfo info, blobs_.Stat(name_));
    if (at_ < 0 || at_ > info.size_bytes) {
      return absl::OutOfRangeError(absl::StrCat(
          "offset: ", at_, " is not within the blob; allowed: 0 to ",
          info.size_bytes));
    }
    end_ = limit == 0 ? info.size_bytes
                      : at_ + std::min(limit, info.size_bytes - at_);
    return absl::OkStatus();
  }

  void Continue() {
    if (at_ >= end_) {
      End(absl::OkStatus());
      return;
    }
    absl::StatusOr<std::string> piece =
        blobs_.Read(name_, at_, std::min(kReadMessage, end_ - at_));
    if (piece.ok() && piece->empty())
      piece = absl::DataLossError(absl::StrCat(name_, " got shorter"));
    if (!piece.ok()) {
      End(piece.status());
      return;
    }
    at_ += static_cast<int64_t>(piece->size());
    message_.set_data(*std::move(piece));
    env_.metrics->MessageSent(kReadBlob);
    ticket_->Wait();
    StartWrite(&message_);
  }

  const RpcEnvironment& env_;
  BlobStore& blobs_;
  TransferBook& book_;
  CallRecord record_;
  std::unique_ptr<TransferBook::Ticket> ticket_;
  std::string name_;
  int64_t at_ = 0;   // next byte
  int64_t end_ = 0;  // behind the last
  v1::ReadBlobResponse message_;
};

}  // namespace

grpc::ServerReadReactor<v1::UploadBlobRequest>* StartUpload(
    const RpcEnvironment& env, BlobStore& blobs, TransferBook& book,
    grpc::CallbackServerContext* context, v1::UploadBlobResponse* response) {
  auto* upload = new Upload(env, blobs, book, response);
  upload->Start(context);
  return upload;
}

grpc::ServerWriteReactor<v1::ReadBlobResponse>* StartReading(
    const RpcEnvironment& env, BlobStore& blobs, TransferBook& book,
    grpc::CallbackServerContext* context, const v1::ReadBlobRequest& request) {
  auto* reading = new Reading(env, blobs, book);
  reading->Start(context, request);
  return reading;
}

}  // namespace phosphene
