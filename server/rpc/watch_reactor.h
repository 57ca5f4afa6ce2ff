#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "absl/time/time.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/jobs/job_store.h"
#include "server/rpc/call.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// What a watch needs; all borrowed until the gRPC server is shut down.
struct WatchParts {
  const RpcEnvironment* env = nullptr;
  JobStore* store = nullptr;
  BlobStore* blobs = nullptr;
  FrameHub* hub = nullptr;
  absl::Duration heartbeat;
};

// Answers a WatchJob call. One write is outstanding at a time; while a slow
// reader's does not end, the subscription keeps only the latest frame, so it
// costs a bounded amount. Publishers never run gRPC code: what wakes a watch
// is passed on to `env->quick`. Ends with the final state, by the client's
// cancel, or by the hub's CloseAll.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    const WatchParts& parts, grpc::CallbackServerContext* context,
    const v1::WatchJobRequest& request);

}  // namespace phosphene
