#include "server/server.h"

#include <prometheus/registry.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/executor.h"
#include "server/base/faults.h"
#include "server/base/log.h"
#include "server/base/mapped_file.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/config.h"
#include "server/jobs/job_store.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/jobs/validate.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/exposer.h"
#include "server/metrics/job_metrics.h"
#include "server/metrics/metered_engine.h"
#include "server/metrics/metered_job_store.h"
#include "server/metrics/state_collector.h"
#include "server/models/file_model_catalog.h"
#include "server/models/model_reports.h"
#include "server/rpc/authorize.h"
#include "server/rpc/blob_service.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/job_service.h"
#include "server/rpc/listen.h"
#include "server/rpc/model_service.h"
#include "server/rpc/system_service.h"
#include "server/scheduler/scheduler.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {
namespace {

// Calls still open when the watches have been ended get this long.
constexpr absl::Duration kCloseGrace = absl::Seconds(2);
// Room in a message of kMaxRequestBytes for what stands beside the spec.
constexpr int64_t kMaxSpecBytes = kMaxRequestBytes - (512 << 10);

absl::StatusOr<Authorizer> MakeAuthorizer(const v1::ServerConfig& config) {
  if (config.tokens().empty()) return Authorizer();
  const auto file = MappedFile::Open(config.tokens());
  if (!file.ok())
    return FieldError("--tokens", std::string(file.status().message()));
  return Authorizer::FromTokens((*file)->data(), config.tokens());
}

// The devices `wanted` names: "auto", or a list of "cpu", "cuda:1" and the
// like; a kind alone is its first device.
absl::StatusOr<std::vector<EngineDevice>> ChooseDevices(
    const std::vector<EngineDevice>& all, const std::string& wanted) {
  if (wanted == "auto") return all;
  std::vector<EngineDevice> chosen;
  std::vector<std::string> names;
  for (const EngineDevice& device : all) names.push_back(device.name);
  for (absl::string_view name : absl::StrSplit(wanted, ',')) {
    const std::string full = absl::StrContains(name, ":")
                                 ? std::string(name)
                                 : absl::StrCat(name, ":0");
    const auto found = std::find(names.begin(), names.end(), full);
    if (found == names.end()) {
      return FieldError(
          "--devices",
          absl::StrCat("no device \"", name, "\" here; there is ",
                       absl::StrJoin(names, ", "), NearestHint(name, names)));
    }
    chosen.push_back(all[found - names.begin()]);
  }
  return chosen;
}

v1::Limits LimitsOf(const v1::ServerConfig& config) {
  v1::Limits limits = DefaultLimits();
  limits.set_max_blob_bytes(config.max_blob_bytes());
  limits.set_max_model_bytes(
      std::min(limits.max_model_bytes(), config.max_blob_bytes()));
  limits.set_max_spec_bytes(std::min(limits.max_spec_bytes(), kMaxSpecBytes));
  return limits;
}

}  // namespace

// Bottom up: a part uses those above it, so they are made in this order and go
// away in the opposite one.
struct Server::Parts {
  explicit Parts(v1::ServerConfig c) : config(std::move(c)) {}

  absl::Status OpenData(const EngineFactory& make_engine);
  absl::Status BuildServices();
  absl::Status Serve();
  EngineInputs Inputs();
  absl::Status CheckSpec(const v1::JobSpec& spec);

  const v1::ServerConfig config;
  const Clock& clock = Clock::Real();
  // Calls get UNAVAILABLE: until all is up, and from Stop on.
  std::atomic<bool> refusing = true;

  // What is counted.
  const std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  CallMetrics call_metrics{*registry};
  JobMetrics job_metrics{*registry};

  // What is kept.
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<ModelCatalog> catalog;
  std::unique_ptr<JobStore> store;

  // What answers calls that take milliseconds, and wakes watches.
  const std::unique_ptr<Executor> quick = MakeThreadPool(2);

  // What computes.
  std::unique_ptr<Engine> engine;
  std::unique_ptr<ModelReports> reports;
  FrameHub hub{{.clock = &clock, .alarm = quick.get()}};
  std::unique_ptr<Scheduler> scheduler;

  // What answers. The executors outlive the gRPC server, which waits for the
  // calls that run on them.
  Authorizer authorizer;
  const std::unique_ptr<Executor> checks = MakeThreadPool(2);
  const std::unique_ptr<Executor> transfers = MakeThreadPool(2);
  std::unique_ptr<JobServiceImpl> job_service;
  std::unique_ptr<ModelServiceImpl> model_service;
  std::unique_ptr<BlobServiceImpl> blob_service;
  std::unique_ptr<SystemServiceImpl> system_service;
  std::unique_ptr<GrpcServer> grpc;
  std::shared_ptr<StateCollector> collector;
  std::unique_ptr<MetricsExposer> exposer;
};

EngineInputs Server::Parts::Inputs() {
  return {
      .read_blob = [this](absl::string_view name) { return blobs->Get(name); },
      .open_model =
          [this](absl::string_view name) { return catalog->Open(name); }};
}

// A model that is not there is NOT_FOUND, as a blob is; the engine would list
// it among the spec's faults.
absl::Status Server::Parts::CheckSpec(const v1::JobSpec& spec) {
  if (!spec.model().empty()) {
    const absl::Status found = catalog->Open(spec.model()).status();
    if (absl::IsNotFound(found)) return Annotate(found, "spec.model");
  }
  return engine->Check(spec);
}

absl::Status Server::Parts::OpenData(const EngineFactory& make_engine) {
  const std::string& data = config.data();
  ASSIGN_OR_RETURN(
      store, OpenSqliteJobStore({.directory = data,
                                 .max_queued_jobs = config.max_queued_jobs(),
                                 .clock = &clock}));
  store =
      std::make_unique<MeteredJobStore>(std::move(store), job_metrics, clock);
  ASSIGN_OR_RETURN(
      blobs,
      OpenBlobStore(config.blobs(), {.directory = absl::StrCat(data, "/blobs"),
                                     .max_blob_bytes = config.max_blob_bytes(),
                                     .clock = &clock}));
  ASSIGN_OR_RETURN(catalog,
                   FileModelCatalog::Create(absl::StrCat(data, "/models")));
  ASSIGN_OR_RETURN(engine, make_engine(Inputs(), config.threads()));
  engine = std::make_unique<MeteredEngine>(std::move(engine), job_metrics);
  reports = std::make_unique<ModelReports>(*catalog, *engine);
  ASSIGN_OR_RETURN(const auto devices,
                   ChooseDevices(engine->Devices(), config.devices()));
  scheduler = std::make_unique<Scheduler>(
      Scheduler::Options{.store = store.get(),
                         .blobs = blobs.get(),
                         .engine = engine.get(),
                         .hub = &hub,
                         .clock = &clock,
                         .devices = devices,
                         .threads = config.threads()});
  return absl::OkStatus();
}

absl::Status Server::Parts::BuildServices() {
  ASSIGN_OR_RETURN(authorizer, MakeAuthorizer(config));
  const RpcEnvironment env = {.authorizer = &authorizer,
                              .metrics = &call_metrics,
                              .clock = &clock,
                              .refusing = &refusing,
                              .quick = quick.get(),
                              .checks = checks.get(),
                              .transfers = transfers.get()};
  const v1::Limits limits = LimitsOf(config);
  const ValidationContext validation = {
      .limits = limits,
      .blobs = blobs.get(),
      .engine_check = [this](const v1::JobSpec& spec) {
        return CheckSpec(spec);
      }};
  job_service = std::make_unique<JobServiceImpl>(
      env, JobServiceImpl::Options{.store = store.get(),
                                   .blobs = blobs.get(),
                                   .hub = &hub,
                                   .validation = validation});
  model_service = std::make_unique<ModelServiceImpl>(
      env,
      ModelServiceImpl::Options{.catalog = catalog.get(),
                                .reports = reports.get(),
                                .engine = engine.get(),
                                .blobs = blobs.get(),
                                .jobs = store.get(),
                                .max_model_bytes = limits.max_model_bytes()});
  blob_service = std::make_unique<BlobServiceImpl>(env, *blobs);
  system_service = std::make_unique<SystemServiceImpl>(
      env, SystemServiceImpl::Options{.engine = engine.get(),
                                      .scheduler = scheduler.get(),
                                      .version = Version(),
                                      .limits = limits});
  return absl::OkStatus();
}

absl::Status Server::Parts::Serve() {
  if (config.metrics() != "off") {
    collector = std::make_shared<StateCollector>(StateCollector::Options{
        .store = store.get(),
        .hub = &hub,
        .clock = &clock,
        .devices = [this] { return scheduler->Devices(); },
        .version = Version()});
    ASSIGN_OR_RETURN(exposer, MetricsExposer::Create(config.metrics(),
                                                     {registry, collector}));
  }
  ASSIGN_OR_RETURN(const ListenAddress address,
                   ParseListenAddress(config.listen(), "--listen"));
  ASSIGN_OR_RETURN(auto credentials, MakeServerCredentials(config));
  ASSIGN_OR_RETURN(grpc,
                   GrpcServer::Start(address, std::move(credentials),
                                     {job_service.get(), model_service.get(),
                                      blob_service.get(), system_service.get()},
                                     {v1::JobService::service_full_name(),
                                      v1::ModelService::service_full_name(),
                                      v1::BlobService::service_full_name(),
                                      v1::SystemService::service_full_name()}));
  // No job is touched before the address is ours.
  RETURN_IF_ERROR(scheduler->Start());
  refusing = false;
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(
    const v1::ServerConfig& config, const EngineFactory& make_engine) {
  RETURN_IF_ERROR(ConfigureLog(config.log_level(), config.log_format()));
  if (config.insecure() && config.tls_cert().empty()) {
    LogWarn(
        "listening without TLS: what is sent can be read on the way, tokens "
        "included",
        {{"listen", config.listen()}});
  }
  auto parts = std::make_unique<Parts>(config);
  RETURN_IF_ERROR(parts->OpenData(make_engine));
  RETURN_IF_ERROR(parts->BuildServices());
  RETURN_IF_ERROR(parts->Serve());
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

Server::~Server() {
  const absl::Status stopped = Stop();
  if (!stopped.ok())
    LogWarn("stopped late", {{"error", std::string(stopped.message())}});
}

const std::string& Server::address() const { return parts_->grpc->address(); }

std::string Server::metrics_address() const {
  return parts_->exposer == nullptr ? "off" : parts_->exposer->address();
}

absl::Status Server::Stop() {
  Parts& parts = *parts_;
  parts.refusing = true;
  parts.grpc->SetServing(false);
  const absl::Status drained =
      parts.scheduler->Drain(absl::Seconds(parts.config.drain_seconds()));
  parts.hub.CloseAll(WithReason(
      absl::UnavailableError(
          "the server goes away; watch again with the last sequence seen"),
      "DRAINING"));
  parts.grpc->Shutdown(kCloseGrace);
  return drained;
}

}  // namespace phosphene
