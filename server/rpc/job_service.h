#pragma once

#include "absl/time/time.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "server/jobs/job_store.h"
#include "server/jobs/validate.h"
#include "server/rpc/call.h"
#include "server/rpc/watch_session.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// The generated base that takes each call in the form named: Form1<Form2<...>>.
template <template <class> class... Forms>
struct ServiceOf {
  using Base = v1::JobService::Service;
};
template <template <class> class First, template <class> class... Rest>
struct ServiceOf<First, Rest...> {
  using Base = First<typename ServiceOf<Rest...>::Base>;
};

// All in callback form. CallbackService is the same but for FollowJob, whose
// two callback forms one class cannot have.
using JobServiceBase =
    ServiceOf<v1::JobService::WithRawCallbackMethod_WatchJob,
              v1::JobService::WithRawCallbackMethod_FollowJob,
              v1::JobService::WithCallbackMethod_CreateJob,
              v1::JobService::WithCallbackMethod_GetJob,
              v1::JobService::WithCallbackMethod_ListJobs,
              v1::JobService::WithCallbackMethod_UpdateJob,
              v1::JobService::WithCallbackMethod_CancelJob,
              v1::JobService::WithCallbackMethod_PauseJob,
              v1::JobService::WithCallbackMethod_ResumeJob,
              v1::JobService::WithCallbackMethod_DeleteJob,
              v1::JobService::WithCallbackMethod_ListFrames,
              v1::JobService::WithCallbackMethod_GetFrame>::Base;

// v1.JobService over the JobStore: convert, call, record. Running jobs is the
// scheduler's, which listens to the store. WatchJob and FollowJob are raw: a
// frame is serialized once and its bytes are shared by all watchers.
// Thread-safe.
class JobServiceImpl final : public JobServiceBase {
 public:
  struct Options {
    // Borrowed; must outlive the gRPC server.
    JobStore* store = nullptr;
    BlobStore* blobs = nullptr;
    FrameHub* hub = nullptr;
    ValidationContext validation;
    // Silence on a watch before a heartbeat.
    absl::Duration heartbeat = absl::Seconds(15);
  };
  JobServiceImpl(const RpcEnvironment& env, Options options);

  grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                      const v1::CreateJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                   const v1::GetJobRequest* request,
                                   v1::Job* response) override;
  grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                     const v1::ListJobsRequest* request,
                                     v1::ListJobsResponse* response) override;
  grpc::ServerUnaryReactor* UpdateJob(grpc::CallbackServerContext* context,
                                      const v1::UpdateJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                      const v1::CancelJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* PauseJob(grpc::CallbackServerContext* context,
                                     const v1::PauseJobRequest* request,
                                     v1::Job* response) override;
  grpc::ServerUnaryReactor* ResumeJob(grpc::CallbackServerContext* context,
                                      const v1::ResumeJobRequest* request,
                                      v1::Job* response) override;
  grpc::ServerUnaryReactor* DeleteJob(
      grpc::CallbackServerContext* context, const v1::DeleteJobRequest* request,
      google::protobuf::Empty* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchJob(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* FollowJob(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListFrames(
      grpc::CallbackServerContext* context,
      const v1::ListFramesRequest* request,
      v1::ListFramesResponse* response) override;
  grpc::ServerUnaryReactor* GetFrame(grpc::CallbackServerContext* context,
                                     const v1::GetFrameRequest* request,
                                     v1::Frame* response) override;

 private:
  absl::Status Create(const v1::CreateJobRequest& request, const Caller& caller,
                      v1::Job* response);
  WatchParts PartsOfWatch() const;

  const RpcEnvironment env_;
  const Options options_;
};

}  // namespace phosphene
