// JobService: each call converted, passed to the store, answered.

#include "server/rpc/job_service.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/engine/engine.h"
#include "server/rpc/watch_reactor.h"
#include "server/stream/watch.h"

namespace phosphene {
namespace {

constexpr const char* kService = "phosphene.v1.JobService";
constexpr RpcMethod Unary(const char* name) {
  return {kService, name, "unary"};
}

absl::StatusOr<bool> WantsSpecs(const v1::ListJobsRequest& request) {
  if (v1::ListJobsRequest::View_IsValid(request.view())) {
    return request.view() == v1::ListJobsRequest::FULL;
  }
  return FieldError("view", absl::StrCat(static_cast<int>(request.view()),
                                         " is not BASIC (1) or FULL (2)"));
}

JobChanges ChangesOf(const v1::UpdateJobRequest& request) {
  bool labels = false, priority = false;
  for (const std::string& path : request.update_mask().paths()) {
    labels |= path == "labels" || path == "*";
    priority |= path == "priority" || path == "*";
  }
  if (request.update_mask()
          .paths()
          .empty()) {  // the fields that are set (AIP-134)
    labels = !request.job().labels().empty();
    priority = request.job().priority() != 0;
  }
  JobChanges changes;
  changes.etag = request.job().etag();
  if (priority) changes.priority = request.job().priority();
  if (labels)
    changes.labels.emplace(request.job().labels().begin(),
                           request.job().labels().end());
  return changes;
}

// The reactor of a watch whose request does not even parse.
class RefusedWatch : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedWatch(const grpc::Status& status) { Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace

JobServiceImpl::JobServiceImpl(const RpcEnvironment& env, Options options)
    : env_(env), options_(std::move(options)) {}

grpc::ServerUnaryReactor* JobServiceImpl::CreateJob(
    grpc::CallbackServerContext* context, const v1::CreateJobRequest* request,
    v1::Job* response) {
  return RunUnary(env_, Unary("CreateJob"), context, *request, *env_.checks,
                  [this, request, response](const Caller& caller) {
                    return Create(*request, caller, response);
                  });
}

absl::Status JobServiceImpl::Create(const v1::CreateJobRequest& request,
                                    const Caller& caller, v1::Job* response) {
  RETURN_IF_ERROR(ValidateCreateJob(request, options_.validation));
  NewJob made;
  made.request_id = request.request_id();
  v1::Job& job = made.job;
  if (!request.job_id().empty())
    job.set_name(absl::StrCat("jobs/", request.job_id()));
  *job.mutable_spec() = request.job().spec();
  *job.mutable_labels() = request.job().labels();
  job.set_priority(request.job().priority());
  job.set_total_steps(Engine::TotalSteps(job.spec()));
  job.set_traceparent(caller.traceparent);
  made.dry_run = request.validate_only();
  ASSIGN_OR_RETURN(CreatedJob created, options_.store->Create(made));
  if (!created.existed && !made.dry_run)
    LogInfo("job created", {{"job", created.stored.job.name()}});
  *response = WithLiveProgress(std::move(created.stored), *options_.hub);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* JobServiceImpl::GetJob(
    grpc::CallbackServerContext* context, const v1::GetJobRequest* request,
    v1::Job* response) {
  return RunUnary(env_, Unary("GetJob"), context, *request, *env_.quick,
                  [this, request, response](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(CheckJobName(request->name()));
                    ASSIGN_OR_RETURN(StoredJob stored,
                                     options_.store->Get(request->name()));
                    *response =
                        WithLiveProgress(std::move(stored), *options_.hub);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* JobServiceImpl::ListJobs(
    grpc::CallbackServerContext* context, const v1::ListJobsRequest* request,
    v1::ListJobsResponse* response) {
  return RunUnary(
      env_, Unary("ListJobs"), context, *request, *env_.lists,
      [this, request, response](const Caller&) -> absl::Status {
        JobQuery query;
        ASSIGN_OR_RETURN(query.filter, ParseJobFilter(request->filter()));
        ASSIGN_OR_RETURN(query.page_size, PageSize(request->page_size()));
        query.page_token = request->page_token();
        ASSIGN_OR_RETURN(query.with_specs, WantsSpecs(*request));
        ASSIGN_OR_RETURN(JobPage page, options_.store->List(query));
        for (v1::Job& job : page.jobs) {
          StoredJob stored;
          stored.job = std::move(job);
          *response->add_jobs() =
              WithLiveProgress(std::move(stored), *options_.hub);
        }
        response->set_next_page_token(page.next_page_token);
        response->set_total_size(page.total_size);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::UpdateJob(
    grpc::CallbackServerContext* context, const v1::UpdateJobRequest* request,
    v1::Job* response) {
  return RunUnary(
      env_, Unary("UpdateJob"), context, *request, *env_.writes,
      [this, request, response](const Caller&) -> absl::Status {
        RETURN_IF_ERROR(ValidateUpdateJob(*request, options_.validation));
        ASSIGN_OR_RETURN(
            StoredJob stored,
            options_.store->Update(request->job().name(), ChangesOf(*request)));
        *response = WithLiveProgress(std::move(stored), *options_.hub);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::CancelJob(
    grpc::CallbackServerContext* context, const v1::CancelJobRequest* request,
    v1::Job* response) {
  return RunUnary(env_, Unary("CancelJob"), context, *request, *env_.writes,
                  [this, request, response](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(CheckJobName(request->name()));
                    ASSIGN_OR_RETURN(StoredJob stored,
                                     options_.store->Cancel(request->name()));
                    *response =
                        WithLiveProgress(std::move(stored), *options_.hub);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* JobServiceImpl::PauseJob(
    grpc::CallbackServerContext* context, const v1::PauseJobRequest* request,
    v1::Job* response) {
  return RunUnary(env_, Unary("PauseJob"), context, *request, *env_.writes,
                  [this, request, response](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(CheckJobName(request->name()));
                    ASSIGN_OR_RETURN(StoredJob stored,
                                     options_.store->Pause(request->name()));
                    *response =
                        WithLiveProgress(std::move(stored), *options_.hub);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* JobServiceImpl::ResumeJob(
    grpc::CallbackServerContext* context, const v1::ResumeJobRequest* request,
    v1::Job* response) {
  return RunUnary(env_, Unary("ResumeJob"), context, *request, *env_.writes,
                  [this, request, response](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(CheckJobName(request->name()));
                    ASSIGN_OR_RETURN(StoredJob stored,
                                     options_.store->Resume(request->name()));
                    *response =
                        WithLiveProgress(std::move(stored), *options_.hub);
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* JobServiceImpl::DeleteJob(
    grpc::CallbackServerContext* context, const v1::DeleteJobRequest* request,
    google::protobuf::Empty* response) {
  return RunUnary(env_, Unary("DeleteJob"), context, *request, *env_.writes,
                  [this, request](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(CheckJobName(request->name()));
                    const absl::Status status = options_.store->Delete(
                        request->name(), request->etag(), request->force());
                    return absl::IsNotFound(status) && request->allow_missing()
                               ? absl::OkStatus()
                               : status;
                  });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* JobServiceImpl::WatchJob(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  v1::WatchJobRequest parsed;
  grpc::ByteBuffer bytes = *request;
  const grpc::Status status =
      grpc::SerializationTraits<v1::WatchJobRequest>::Deserialize(&bytes,
                                                                  &parsed);
  if (!status.ok()) return new RefusedWatch(status);
  return StartWatch(PartsOfWatch(), context, parsed);
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
JobServiceImpl::FollowJob(grpc::CallbackServerContext* context) {
  return StartFollow(PartsOfWatch(), context);
}

WatchParts JobServiceImpl::PartsOfWatch() const {
  return {.env = &env_,
          .store = options_.store,
          .blobs = options_.blobs,
          .hub = options_.hub,
          .heartbeat = options_.heartbeat};
}

grpc::ServerUnaryReactor* JobServiceImpl::ListFrames(
    grpc::CallbackServerContext* context, const v1::ListFramesRequest* request,
    v1::ListFramesResponse* response) {
  return RunUnary(
      env_, Unary("ListFrames"), context, *request, *env_.quick,
      [this, request, response](const Caller&) -> absl::Status {
        RETURN_IF_ERROR(CheckJobName(request->parent(), "parent"));
        ASSIGN_OR_RETURN(const int size, PageSize(request->page_size()));
        ASSIGN_OR_RETURN(FramePage page,
                         options_.store->ListFrames(request->parent(), size,
                                                    request->page_token()));
        for (KeptFrame& frame : page.frames)
          *response->add_frames() = std::move(frame.info);
        response->set_next_page_token(page.next_page_token);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* JobServiceImpl::GetFrame(
    grpc::CallbackServerContext* context, const v1::GetFrameRequest* request,
    v1::Frame* response) {
  return RunUnary(
      env_, Unary("GetFrame"), context, *request, *env_.transfers,
      [this, request, response](const Caller&) -> absl::Status {
        ASSIGN_OR_RETURN(const FrameName name, ParseFrameName(request->name()));
        ASSIGN_OR_RETURN(const KeptFrame kept,
                         options_.store->GetFrame(name.job, name.step));
        ASSIGN_OR_RETURN(std::string image, options_.blobs->Get(kept.blob));
        *response = kept.info;
        response->set_image(std::move(image));
        return absl::OkStatus();
      });
}

}  // namespace phosphene
