#pragma once

#include <grpcpp/support/server_callback.h>

#include "phosphene/v1/blob_service.pb.h"
#include "server/rpc/call.h"
#include "server/rpc/transfer_book.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// Bytes of one message, from the client at most and to it.
inline constexpr int64_t kMaxUploadMessage = int64_t{1} << 20;
inline constexpr int64_t kReadMessage = int64_t{256} << 10;

// Answers UploadBlob: header, then data, each message written to the store
// before the next is read. A broken upload leaves what has arrived, to go on
// from. `env`, `blobs` and `book` must outlive the gRPC server.
grpc::ServerReadReactor<v1::UploadBlobRequest>* StartUpload(
    const RpcEnvironment& env, BlobStore& blobs, TransferBook& book,
    grpc::CallbackServerContext* context, v1::UploadBlobResponse* response);

// Answers ReadBlob: the range in messages of kReadMessage, each read from the
// store when the one before is written.
grpc::ServerWriteReactor<v1::ReadBlobResponse>* StartReading(
    const RpcEnvironment& env, BlobStore& blobs, TransferBook& book,
    grpc::CallbackServerContext* context, const v1::ReadBlobRequest& request);

}  // namespace phosphene
