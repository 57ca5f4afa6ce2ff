// BlobService: streams by blob_reactors, the unary calls here.

#include "server/rpc/blob_service.h"

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/status_macros.h"
#include "server/rpc/blob_reactors.h"

namespace phosphene {
namespace {

constexpr RpcMethod Unary(const char* name) {
  return {"phosphene.v1.BlobService", name, "unary"};
}

constexpr int kMaxNames = 1000;
constexpr absl::Duration kSweepEvery = absl::Seconds(10);

// Sweeps until the book is gone.
void SweepLater(Executor& timer, const std::weak_ptr<TransferBook>& book) {
  timer.ExecuteAfter(kSweepEvery, [&timer, book] {
    const std::shared_ptr<TransferBook> there = book.lock();
    if (there == nullptr) return;
    there->Sweep();
    SweepLater(timer, book);
  });
}

}  // namespace

BlobServiceImpl::BlobServiceImpl(const RpcEnvironment& env, BlobStore& blobs)
    : env_(env), blobs_(blobs) {
  SweepLater(*env_.transfers, book_);
}

grpc::ServerReadReactor<v1::UploadBlobRequest>* BlobServiceImpl::UploadBlob(
    grpc::CallbackServerContext* context, v1::UploadBlobResponse* response) {
  return StartUpload(env_, blobs_, *book_, context, response);
}

grpc::ServerWriteReactor<v1::ReadBlobResponse>* BlobServiceImpl::ReadBlob(
    grpc::CallbackServerContext* context, const v1::ReadBlobRequest* request) {
  return StartReading(env_, blobs_, *book_, context, *request);
}

grpc::ServerUnaryReactor* BlobServiceImpl::QueryUpload(
    grpc::CallbackServerContext* context, const v1::QueryUploadRequest* request,
    v1::QueryUploadResponse* response) {
  return RunUnary(env_, Unary("QueryUpload"), context, *request,
                  *env_.transfers,
                  [this, request, response](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(CheckBlobName(request->name(), "name"));
                    ASSIGN_OR_RETURN(const UploadProgress progress,
                                     blobs_.QueryUpload(request->name()));
                    response->set_committed_bytes(progress.committed_bytes);
                    response->set_complete(progress.complete);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* BlobServiceImpl::StatBlobs(
    grpc::CallbackServerContext* context, const v1::StatBlobsRequest* request,
    v1::StatBlobsResponse* response) {
  return RunUnary(
      env_, Unary("StatBlobs"), context, *request, *env_.transfers,
      [this, request, response](const Caller&) -> absl::Status {
        if (request->names_size() > kMaxNames) {
          return FieldError("names",
                            absl::StrCat(request->names_size(), " names; ",
                                         kMaxNames, " at most"));
        }
        for (int i = 0; i < request->names_size(); ++i) {
          const std::string& name = request->names(i);
          RETURN_IF_ERROR(CheckBlobName(name, absl::StrCat("names[", i, "]")));
          const absl::StatusOr<BlobInfo> info = blobs_.Stat(name);
          // One known to be damaged is as good as none: an upload mends it.
          if (absl::IsNotFound(info.status()) ||
              absl::IsDataLoss(info.status())) {
            response->add_missing(name);
            continue;
          }
          RETURN_IF_ERROR(info.status());
          v1::Blob& blob = *response->add_blobs();
          blob.set_name(info->name);
          blob.set_size_bytes(info->size_bytes);
        }
        return absl::OkStatus();
      });
}

}  // namespace phosphene
