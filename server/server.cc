// Builds the whole server, bottom up, and takes it apart.
#include "server/server.h"

#include <prometheus/registry.h>
#include <signal.h>
#include <unistd.h>

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
#include "server/base/memory_limit.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/config.h"
#include "server/http/health_pages.h"
#include "server/http/http_server.h"
#include "server/jobs/job_store.h"
#include "server/jobs/sqlite_job_store.h"
#include "server/jobs/validate.h"
#include "server/metrics/call_metrics.h"
#include "server/metrics/job_metrics.h"
#include "server/metrics/metered_engine.h"
#include "server/metrics/metered_job_store.h"
#include "server/metrics/metrics_page.h"
#include "server/metrics/state_collector.h"
#include "server/models/file_model_catalog.h"
#include "server/models/model_reports.h"
#include "server/rpc/authorize.h"
#include "server/rpc/blob_service.h"
#include "server/rpc/certificates.h"
#include "server/rpc/grpc_server.h"
#include "server/rpc/job_service.h"
#include "server/rpc/listen.h"
#include "server/rpc/model_service.h"
#include "server/rpc/system_service.h"
#include "server/scheduler/blob_collector.h"
#include "server/scheduler/scheduler.h"
#include "server/storage/blob_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {
namespace {

// Calls still open when the watches have been ended get this long.
constexpr absl::Duration kCloseGrace = absl::Seconds(2);
// Changed certificates and tokens are taken up as fast.
constexpr absl::Duration kRefreshPeriod = absl::Seconds(1);
// Room in a message of kMaxRequestBytes for what stands beside the spec.
constexpr int64_t kMaxSpecBytes = kMaxRequestBytes - (512 << 10);

// Uploads that have not finished may take as much room as four blobs of the
// largest size.
int64_t PartialBytes(int64_t max_blob_bytes) {
  return 4 * std::min(max_blob_bytes, int64_t{1} << 60);
}

// What messages on their way, and again requests being worked on, may take.
int64_t RequestBytes() {
  return std::clamp(MemoryLimit() / 32, int64_t{32} << 20, int64_t{256} << 20);
}

absl::StatusOr<std::unique_ptr<Authorizer>> MakeAuthorizer(
    const v1::ServerConfig& config) {
  if (config.tokens().empty()) return std::make_unique<Authorizer>();
  return Authorizer::FromFile(config.tokens());
}

// What is allowed, and dangerous all the same.
void WarnOfRisks(const v1::ServerConfig& config, const TlsFiles* tls,
                 absl::Time now) {
  if (tls != nullptr) {
    const std::string fault = ValidityFault(*tls->Current(), now);
    if (!fault.empty()) LogError(fault, {{"tls_cert", config.tls_cert()}});
    return;
  }
  if (!config.insecure()) return;
  LogWarn("listening without TLS: what is sent can be read on the way",
          {{"listen", config.listen()},
           {"http", config.http()},
           {"metrics", config.metrics()}});
  const auto address = ParseListenAddress(config.listen(), "--listen");
  if (config.tokens().empty() || !address.ok() || address->loopback) return;
  LogError(
      "TOKENS CAN BE STOLEN: without TLS whoever is on the way reads them and "
      "may call with them; give --tls-cert and --tls-key unless a proxy on "
      "this network adds TLS",
      {{"listen", config.listen()}, {"tokens", config.tokens()}});
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

  absl::Status ReadSecrets();
  absl::Status OpenHttp();
  absl::Status OpenData(const EngineFactory& make_engine);
  absl::Status BuildServices();
  absl::Status Serve();
  EngineInputs Inputs();
  absl::StatusOr<std::unique_ptr<HttpServer>> ListenHttp(
      absl::string_view flag, const std::string& value,
      std::vector<HttpRoute> routes);
  HttpRoute MetricsRoute() const;
  // Takes up changed certificates and tokens, again and again.
  void RefreshSecrets();

  const v1::ServerConfig config;
  const Clock& clock = Clock::Real();
  // Calls get UNAVAILABLE: until all is up, and from Stop on.
  std::atomic<bool> refusing = true;

  // What is counted.
  const std::shared_ptr<prometheus::Registry> registry =
      std::make_shared<prometheus::Registry>();
  CallMetrics call_metrics{*registry};
  JobMetrics job_metrics{*registry};
  MetricsPage metrics_page;

  // Who may talk to it, and what it shows them.
  std::unique_ptr<Authorizer> authorizer;
  std::unique_ptr<TlsFiles> tls;  // null: plain

  // What is kept.
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<ModelCatalog> catalog;
  std::unique_ptr<JobStore> store;
  std::unique_ptr<BlobCollector> collector;

  // What answers calls that take milliseconds, and wakes watches.
  const std::unique_ptr<Executor> quick = MakeThreadPool(2, 500);

  // What computes.
  std::unique_ptr<Engine> engine;
  std::unique_ptr<ModelReports> reports;
  FrameHub hub{{.clock = &clock, .alarm = quick.get()}};
  std::atomic<bool> needs_restart = false;
  std::unique_ptr<Scheduler> scheduler;

  // What answers. The executors outlive the gRPC server, which waits for the
  // calls that run on them.
  RequestBudget budget{RequestBytes()};
  // Writers wait for the disk together, so there are more of them than cores.
  const std::unique_ptr<Executor> writes = MakeThreadPool(8, 250);
  const std::unique_ptr<Executor> lists = MakeThreadPool(1, 50);
  const std::unique_ptr<Executor> checks = MakeThreadPool(4, 100);
  const std::unique_ptr<Executor> models = MakeThreadPool(2, 50);
  const std::unique_ptr<Executor> transfers = MakeThreadPool(2, 500);
  std::unique_ptr<JobServiceImpl> job_service;
  std::unique_ptr<ModelServiceImpl> model_service;
  std::unique_ptr<BlobServiceImpl> blob_service;
  std::unique_ptr<SystemServiceImpl> system_service;
  std::unique_ptr<GrpcServer> grpc;
  std::shared_ptr<StateCollector> state;
  std::unique_ptr<HttpServer> http;          // null: off
  std::unique_ptr<HttpServer> metrics_http;  // null: off

  const std::unique_ptr<Executor> chores = MakeThreadPool(1);
};

EngineInputs Server::Parts::Inputs() {
  return {
      .read_blob = [this](absl::string_view name) { return blobs->Get(name); },
      .open_model =
          [this](absl::string_view name) { return catalog->Open(name); }};
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
      OpenBlobStore(config.blobs(),
                    {.directory = absl::StrCat(data, "/blobs"),
                     .max_blob_bytes = config.max_blob_bytes(),
                     .max_partial_bytes = PartialBytes(config.max_blob_bytes()),
                     .clock = &clock}));
  ASSIGN_OR_RETURN(
      catalog, FileModelCatalog::Create(absl::StrCat(data, "/models"), *blobs));
  collector = std::make_unique<BlobCollector>(
      BlobCollector::Options{.store = store.get(),
                             .blobs = blobs.get(),
                             .owners = {catalog.get()},
                             .clock = &clock,
                             .executor = MakeThreadPool(1)});
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
                         .threads = config.threads(),
                         .lanes = config.lanes(),
                         .jobs_per_device = config.jobs_per_device(),
                         .on_no_device = [this] {
                           LogError("no device is left: ending for a restart");
                           needs_restart = true;
                           ::kill(::getpid(), SIGTERM);
                         }});
  return absl::OkStatus();
}

absl::Status Server::Parts::BuildServices() {
  const RpcEnvironment env = {.authorizer = authorizer.get(),
                              .metrics = &call_metrics,
                              .clock = &clock,
                              .refusing = &refusing,
                              .quick = quick.get(),
                              .writes = writes.get(),
                              .lists = lists.get(),
                              .checks = checks.get(),
                              .models = models.get(),
                              .transfers = transfers.get(),
                              .budget = &budget};
  const v1::Limits limits = LimitsOf(config);
  const ValidationContext validation = {
      .limits = limits,
      .blobs = blobs.get(),
      .find_model =
          [this](absl::string_view name) {
            return catalog->Open(name).status();
          },
      .engine_check =
          [this](const v1::JobSpec& spec) { return engine->Check(spec); }};
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

absl::Status Server::Parts::ReadSecrets() {
  ASSIGN_OR_RETURN(authorizer, MakeAuthorizer(config));
  if (!config.tls_cert().empty()) {
    ASSIGN_OR_RETURN(tls, TlsFiles::Open(config));
  }
  WarnOfRisks(config, tls.get(), clock.Now());
  return absl::OkStatus();
}

void Server::Parts::RefreshSecrets() {
  authorizer->Refresh();
  if (tls != nullptr && tls->Refresh()) {
    WarnOfRisks(config, tls.get(), clock.Now());
    for (HttpServer* const server : {http.get(), metrics_http.get()}) {
      if (server == nullptr || !server->shows_tls()) continue;
      const absl::Status taken = server->UseTls(*tls->Current());
      if (!taken.ok())
        LogWarn("HTTP", {{"error", std::string(taken.message())}});
    }
  }
  chores->ExecuteAfter(kRefreshPeriod, [this] { RefreshSecrets(); });
}

HttpRoute Server::Parts::MetricsRoute() const {
  return {.path = "/metrics", .answer = [this](const HttpRequest&) {
            return HttpResponse{.content_type = MetricsPage::kContentType,
                                .body = metrics_page.Text()};
          }};
}

absl::StatusOr<std::unique_ptr<HttpServer>> Server::Parts::ListenHttp(
    absl::string_view flag, const std::string& value,
    std::vector<HttpRoute> routes) {
  ASSIGN_OR_RETURN(const ListenAddress address,
                   ParseListenAddress(value, flag));
  ASSIGN_OR_RETURN(BoundAddress bound, BindAddress(address, flag));
  return HttpServer::Start(
      {.address = std::move(bound),
       .rules = {.routes = std::move(routes),
                 .authorizer = authorizer.get(),
                 .loopback_only = address.loopback},
       .tls = address.loopback || tls == nullptr ? nullptr : tls->Current()});
}

absl::Status Server::Parts::OpenHttp() {
  metrics_page.Add(registry);
  if (config.http() != "off") {
    const bool asked_for = !config.http().empty();
    auto started =
        ListenHttp("--http", asked_for ? config.http() : kDefaultHttpAddress,
                   {MetricsRoute(), HealthPage(),
                    ReadyPage([this] { return !refusing; })});
    if (started.ok()) {
      http = *std::move(started);
    } else if (asked_for) {
      return started.status();
    } else {
      LogWarn("going on without HTTP: no /metrics, /healthz and /readyz",
              {{"error", std::string(started.status().message())}});
    }
  }
  if (config.metrics() != "off") {
    ASSIGN_OR_RETURN(metrics_http, ListenHttp("--metrics", config.metrics(),
                                              {MetricsRoute()}));
  }
  return absl::OkStatus();
}

absl::Status Server::Parts::Serve() {
  StateCollector::Options observed = {
      .store = store.get(),
      .hub = &hub,
      .clock = &clock,
      .devices = [this] { return scheduler->Devices(); },
      .version = Version()};
  if (tls != nullptr)
    observed.certificate_expiry = [this] { return tls->Current()->not_after; };
  state = std::make_shared<StateCollector>(std::move(observed));
  metrics_page.Add(state);
  ASSIGN_OR_RETURN(const ListenAddress address,
                   ParseListenAddress(config.listen(), "--listen"));
  ASSIGN_OR_RETURN(BoundAddress bound, BindAddress(address, "--listen"));
  ASSIGN_OR_RETURN(
      grpc, GrpcServer::Start(
                {.address = std::move(bound),
                 .credentials = MakeServerCredentials(tls.get()),
                 .services = {job_service.get(), model_service.get(),
                              blob_service.get(), system_service.get()},
                 .service_names = {v1::JobService::service_full_name(),
                                   v1::ModelService::service_full_name(),
                                   v1::BlobService::service_full_name(),
                                   v1::SystemService::service_full_name()},
                 .buffer_bytes = RequestBytes()}));
  // No job is touched before the address is ours.
  RETURN_IF_ERROR(scheduler->Start());
  collector->Start();
  refusing = false;
  if (tls != nullptr || !config.tokens().empty())
    chores->ExecuteAfter(kRefreshPeriod, [this] { RefreshSecrets(); });
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Server>> Server::Create(
    const v1::ServerConfig& config, const EngineFactory& make_engine) {
  RETURN_IF_ERROR(ConfigureLog(config.log_level(), config.log_format()));
  auto parts = std::make_unique<Parts>(config);
  RETURN_IF_ERROR(parts->ReadSecrets());
  RETURN_IF_ERROR(parts->OpenHttp());
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

bool Server::needs_restart() const { return parts_->needs_restart; }

const std::string& Server::address() const { return parts_->grpc->address(); }

std::string Server::http_address() const {
  return parts_->http == nullptr ? "off" : parts_->http->address();
}

std::string Server::metrics_address() const {
  return parts_->metrics_http == nullptr ? "off"
                                         : parts_->metrics_http->address();
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
