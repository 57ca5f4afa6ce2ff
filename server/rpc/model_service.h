#pragma once

#include "phosphene/v1/model_service.grpc.pb.h"
#include "server/engine/engine.h"
#include "server/jobs/job_store.h"
#include "server/models/model_catalog.h"
#include "server/models/model_reports.h"
#include "server/rpc/call.h"
#include "server/storage/blob_store.h"

namespace phosphene {

// v1.ModelService over the catalog and the engine's reports. Thread-safe.
class ModelServiceImpl final : public v1::ModelService::CallbackService {
 public:
  struct Options {
    // Borrowed; must outlive the gRPC server.
    ModelCatalog* catalog = nullptr;
    ModelReports* reports = nullptr;
    Engine* engine = nullptr;
    BlobStore* blobs = nullptr;
    JobStore* jobs = nullptr;
    int64_t max_model_bytes = int64_t{2} << 30;
  };
  ModelServiceImpl(const RpcEnvironment& env, const Options& options);

  grpc::ServerUnaryReactor* CreateModel(grpc::CallbackServerContext* context,
                                        const v1::CreateModelRequest* request,
                                        v1::Model* response) override;
  grpc::ServerUnaryReactor* GetModel(grpc::CallbackServerContext* context,
                                     const v1::GetModelRequest* request,
                                     v1::Model* response) override;
  grpc::ServerUnaryReactor* ListModels(
      grpc::CallbackServerContext* context,
      const v1::ListModelsRequest* request,
      v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* DeleteModel(
      grpc::CallbackServerContext* context,
      const v1::DeleteModelRequest* request,
      google::protobuf::Empty* response) override;
  grpc::ServerUnaryReactor* ListLayers(
      grpc::CallbackServerContext* context,
      const v1::ListLayersRequest* request,
      v1::ListLayersResponse* response) override;

 private:
  absl::Status Create(const v1::CreateModelRequest& request,
                      v1::Model* response);
  // The blob's bytes; INVALID_ARGUMENT: more than a model may have.
  absl::StatusOr<std::shared_ptr<const MappedFile>> MapBlob(
      const std::string& blob);
  // FAILED_PRECONDITION names a job that has not ended and uses the model.
  absl::Status CheckUnused(const std::string& id);

  const RpcEnvironment env_;
  const Options options_;
};

}  // namespace phosphene
