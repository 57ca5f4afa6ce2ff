// ModelService: networks in and out, and what is known of them.

#include "server/rpc/model_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/jobs/validate.h"
#include "server/models/model_rules.h"
#include "server/rpc/page_token.h"

namespace phosphene {
namespace {

constexpr RpcMethod Unary(const char* name) {
  return {"phosphene.v1.ModelService", name, "unary"};
}

// The id a request may give a model: ModelId, without "models/" before it.
absl::StatusOr<std::string> NewModelId(const std::string& id) {
  ASSIGN_OR_RETURN(std::string checked, ModelId(id, "model_id"));
  if (checked == id) return checked;
  return FieldError("model_id", absl::StrCat("\"", id, "\": the id alone, \"",
                                             checked, "\""));
}

}  // namespace

ModelServiceImpl::ModelServiceImpl(const RpcEnvironment& env,
                                   const Options& options)
    : env_(env), options_(options) {}

grpc::ServerUnaryReactor* ModelServiceImpl::CreateModel(
    grpc::CallbackServerContext* context, const v1::CreateModelRequest* request,
    v1::Model* response) {
  return RunUnary(env_, Unary("CreateModel"), context, *request, *env_.models,
                  [this, request, response](const Caller&) {
                    return Create(*request, response);
                  });
}

absl::Status ModelServiceImpl::Create(const v1::CreateModelRequest& request,
                                      v1::Model* response) {
  ASSIGN_OR_RETURN(const std::string id, NewModelId(request.model_id()));
  RETURN_IF_ERROR(CheckBlobName(request.blob(), "blob"));
  Faults faults;
  CheckModelConfig(request.model().config(), "model.config", faults);
  RETURN_IF_ERROR(faults.ToStatus());
  const absl::Status there = options_.catalog->Describe(id).status();
  if (absl::IsUnavailable(there)) return there;
  const bool taken = !absl::IsNotFound(there);
  // Said before the work, and made sure of by Add.
  if (taken && !request.allow_replace()) {
    return WithReason(
        absl::AlreadyExistsError(absl::StrCat(
            "model \"", id, "\" is there; allow_replace replaces it")),
        "MODEL_EXISTS");
  }
  // A job keeps to the network it began with.
  if (taken) RETURN_IF_ERROR(CheckUnused(id));
  ASSIGN_OR_RETURN(const auto mapped, MapBlob(request.blob()));
  const absl::string_view onnx = mapped->data();
  const std::string source = request.source_file().empty()
                                 ? absl::StrCat(id, ".onnx")
                                 : request.source_file();
  absl::StatusOr<ModelReport> report =
      options_.engine->Inspect(onnx, request.model().config(), source);
  if (!report.ok()) return WithReason(report.status(), "MODEL_REFUSED");
  v1::Model& model = report->model;
  model.set_name(absl::StrCat("models/", id));
  model.set_size_bytes(static_cast<int64_t>(onnx.size()));
  model.set_blob(request.blob());
  model.mutable_create_time()->set_seconds(
      absl::ToUnixSeconds(env_.clock->Now()));
  if (!request.validate_only()) {
    if (taken) RETURN_IF_ERROR(CheckUnused(id));  // the look took its time
    RETURN_IF_ERROR(options_.catalog->Add(id, request.blob(), model,
                                          request.allow_replace()));
    LogInfo("model added", {{"model", id}});
  }
  *response = std::move(model);
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const MappedFile>> ModelServiceImpl::MapBlob(
    const std::string& blob) {
  ASSIGN_OR_RETURN(const BlobInfo info, options_.blobs->Stat(blob));
  if (info.size_bytes > options_.max_model_bytes) {
    return FieldError(
        "blob", absl::StrCat(info.size_bytes, " bytes; a model is at most ",
                             options_.max_model_bytes));
  }
  return options_.catalog->MapBlob(blob);
}

grpc::ServerUnaryReactor* ModelServiceImpl::GetModel(
    grpc::CallbackServerContext* context, const v1::GetModelRequest* request,
    v1::Model* response) {
  return RunUnary(env_, Unary("GetModel"), context, *request, *env_.models,
                  [this, request, response](const Caller&) -> absl::Status {
                    RETURN_IF_ERROR(ModelId(request->name(), "name").status());
                    ASSIGN_OR_RETURN(
                        *response, options_.reports->Describe(request->name()));
                    return absl::OkStatus();
                  });
}

grpc::ServerUnaryReactor* ModelServiceImpl::ListModels(
    grpc::CallbackServerContext* context, const v1::ListModelsRequest* request,
    v1::ListModelsResponse* response) {
  return RunUnary(
      env_, Unary("ListModels"), context, *request, *env_.models,
      [this, request, response](const Caller&) -> absl::Status {
        ASSIGN_OR_RETURN(const int size, PageSize(request->page_size()));
        ASSIGN_OR_RETURN(const std::string first,
                         ReadPageToken("models", request->page_token()));
        ASSIGN_OR_RETURN(const auto names, options_.catalog->Names());
        auto name = std::lower_bound(names.begin(), names.end(), first);
        for (; name != names.end() && response->models_size() < size; ++name) {
          auto model = options_.reports->Describe(*name);
          if (absl::IsNotFound(model.status())) continue;  // removed meanwhile
          if (model.ok()) {
            model->mutable_config()
                ->clear_labels();  // thousands; GetModel has them
            *response->add_models() = *std::move(model);
          } else {
            v1::Model& broken = *response->add_models();
            broken.set_name(absl::StrCat("models/", *name));
            broken.add_notes(absl::StrCat(
                "cannot be used: ", std::string(model.status().message())));
          }
        }
        if (name != names.end())
          response->set_next_page_token(MakePageToken("models", *name));
        return absl::OkStatus();
      });
}

absl::Status ModelServiceImpl::CheckUnused(const std::string& id) {
  for (const char* state :
       {"QUEUED", "RUNNING", "PAUSING", "PAUSED", "CANCELLING"}) {
    JobQuery query;
    query.page_size = 1;
    ASSIGN_OR_RETURN(query.filter,
                     ParseJobFilter(absl::StrCat("model = \"", id,
                                                 "\" AND state = ", state)));
    ASSIGN_OR_RETURN(const JobPage page, options_.jobs->List(query));
    if (!page.jobs.empty()) {
      return WithReason(absl::FailedPreconditionError(absl::StrCat(
                            "model \"", id, "\" is used by ",
                            page.jobs[0].name(), ", which is ", state)),
                        "MODEL_IN_USE");
    }
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* ModelServiceImpl::DeleteModel(
    grpc::CallbackServerContext* context, const v1::DeleteModelRequest* request,
    google::protobuf::Empty* response) {
  return RunUnary(env_, Unary("DeleteModel"), context, *request, *env_.writes,
                  [this, request](const Caller&) -> absl::Status {
                    ASSIGN_OR_RETURN(const std::string id,
                                     ModelId(request->name(), "name"));
                    RETURN_IF_ERROR(CheckUnused(id));
                    const absl::Status status = options_.catalog->Remove(id);
                    if (status.ok()) LogInfo("model removed", {{"model", id}});
                    return absl::IsNotFound(status) && request->allow_missing()
                               ? absl::OkStatus()
                               : status;
                  });
}

grpc::ServerUnaryReactor* ModelServiceImpl::ListLayers(
    grpc::CallbackServerContext* context, const v1::ListLayersRequest* request,
    v1::ListLayersResponse* response) {
  return RunUnary(
      env_, Unary("ListLayers"), context, *request, *env_.models,
      [this, request, response](const Caller&) -> absl::Status {
        ASSIGN_OR_RETURN(const std::string id,
                         ModelId(request->parent(), "parent"));
        if (request->page_size() < 0)
          return PageSize(request->page_size()).status();
        const std::string list = absl::StrCat("layers of ", id);
        ASSIGN_OR_RETURN(const std::string first,
                         ReadPageToken(list, request->page_token()));
        ASSIGN_OR_RETURN(const auto report, options_.reports->Report(id));
        const auto& layers = report->layers;
        auto at = std::find_if(
            layers.begin(), layers.end(),
            [&](const v1::Layer& layer) { return layer.name() == first; });
        if (first.empty()) at = layers.begin();
        const size_t size =
            request->page_size() == 0 ? layers.size() : request->page_size();
        for (; at != layers.end() &&
               static_cast<size_t>(response->layers_size()) < size;
             ++at) {
          *response->add_layers() = *at;
        }
        if (at != layers.end())
          response->set_next_page_token(MakePageToken(list, at->name()));
        return absl::OkStatus();
      });
}

}  // namespace phosphene
