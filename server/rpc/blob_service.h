#pragma once

#include <memory>

#include "phosphene/v1/blob_service.grpc.pb.h"
#include "server/rpc/call.h"
#include "server/rpc/transfer_book.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// v1.BlobService over a BlobStore. Both streams hold one message at a time, so
// a call costs at most 1 MiB up and 256 KiB down, whatever the blob's size; how
// many are open, and how long a client may do nothing, is bounded by a
// TransferBook. Thread-safe.
class BlobServiceImpl final : public v1::BlobService::CallbackService {
 public:
  // `blobs` must outlive the gRPC server.
  BlobServiceImpl(const RpcEnvironment& env, BlobStore& blobs);

  grpc::ServerReadReactor<v1::UploadBlobRequest>* UploadBlob(
      grpc::CallbackServerContext* context,
      v1::UploadBlobResponse* response) override;
  grpc::ServerUnaryReactor* QueryUpload(
      grpc::CallbackServerContext* context,
      const v1::QueryUploadRequest* request,
      v1::QueryUploadResponse* response) override;
  grpc::ServerWriteReactor<v1::ReadBlobResponse>* ReadBlob(
      grpc::CallbackServerContext* context,
      const v1::ReadBlobRequest* request) override;
  grpc::ServerUnaryReactor* StatBlobs(grpc::CallbackServerContext* context,
                                      const v1::StatBlobsRequest* request,
                                      v1::StatBlobsResponse* response) override;

 private:
  const RpcEnvironment env_;
  BlobStore& blobs_;
  const std::shared_ptr<TransferBook> book_ = std::make_shared<TransferBook>();
};

}  // namespace phosphene
