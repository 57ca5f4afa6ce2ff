#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "phosphene/v1/job_service.pb.h"
#include "server/rpc/watch_session.h"

namespace phosphene {

// Answers a WatchJob call: a WatchSession that writes.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    const WatchParts& parts, grpc::CallbackServerContext* context,
    const v1::WatchJobRequest& request);

// Answers a FollowJob call: the same, and reads acknowledgements meanwhile. A
// client that closes its side says that no more will come: it is then paced as
// a watch. INVALID_ARGUMENT: the first message is not `watch`, a later one is
// not an acknowledgement of an event sent, or no first message came within
// kFirstMessage.
inline constexpr absl::Duration kFirstMessage = absl::Seconds(30);
grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StartFollow(
    const WatchParts& parts, grpc::CallbackServerContext* context);

}  // namespace phosphene
