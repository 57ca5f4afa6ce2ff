// A server: its channels, the stubs of its services, what a failed call means.

#include "client/remote/connection.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/remote/certificates.h"
#include "client/remote/probe.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Retried {
  const char* service;
  const char* method;
};
// Calls that may be made twice: CreateJob because it carries a request_id.
constexpr Retried kRetried[] = {
    {"JobService", "CreateJob"},          {"JobService", "GetJob"},
    {"JobService", "ListJobs"},           {"JobService", "UpdateJob"},
    {"JobService", "CancelJob"},          {"JobService", "ListFrames"},
    {"JobService", "GetFrame"},           {"ModelService", "GetModel"},
    {"ModelService", "ListModels"},       {"ModelService", "ListLayers"},
    {"BlobService", "QueryUpload"},       {"BlobService", "StatBlobs"},
    {"SystemService", "GetCapabilities"}, {"SystemService", "ListDevices"},
};

std::string ServiceConfig() {
  std::string names;
  for (const Retried& call : kRetried) {
    absl::StrAppend(&names, names.empty() ? "" : ",",
                    R"({"service":"phosphene.v1.)", call.service,
                    R"(","method":")", call.method, R"("})");
  }
  return absl::StrCat(
      R"({"methodConfig":[{"name":[)", names,
      R"(],"retryPolicy":{"maxAttempts":4,"initialBackoff":"0.1s",)",
      R"("maxBackoff":"1s","backoffMultiplier":2,)",
      R"("retryableStatusCodes":["UNAVAILABLE"]}}],)",
      R"("retryThrottling":{"maxTokens":10,"tokenRatio":0.1}})");
}

grpc::ChannelArguments BaseArguments() {
  constexpr int kMaxMessage = 64 << 20;
  grpc::ChannelArguments args;
  args.SetServiceConfigJSON(ServiceConfig());
  args.SetMaxReceiveMessageSize(kMaxMessage);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20'000);
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5'000);
  return args;
}

grpc::ChannelArguments WatchArguments() {
  constexpr int kWindowBytes = 65536;
  grpc::ChannelArguments args = BaseArguments();
  args.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  args.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, kWindowBytes);
  return args;
}

Access PlaintextTo(std::string address) {
  Access access;
  access.server = std::move(address);
  return access;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(Access access) {
  std::shared_ptr<grpc::ChannelCredentials> credentials =
      grpc::InsecureChannelCredentials();
  if (access.tls) {
    ASSIGN_OR_RETURN(Certificates pem, LoadCertificates(access));
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = std::move(pem.authorities);
    options.pem_cert_chain = std::move(pem.chain);
    options.pem_private_key = std::move(pem.private_key);
    credentials = grpc::SslCredentials(options);
  }
  return std::unique_ptr<Connection>(
      new Connection(std::move(access), credentials));
}

Connection::Connection(std::string address)
    : Connection(PlaintextTo(std::move(address)),
                 grpc::InsecureChannelCredentials()) {}

Connection::Connection(
    Access access, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : access_(std::move(access)) {
  const auto open = [&](grpc::ChannelArguments arguments) {
    if (!access_.tls_name.empty())
      arguments.SetSslTargetNameOverride(access_.tls_name);
    return grpc::CreateCustomChannel(access_.server, credentials, arguments);
  };
  channel_ = open(BaseArguments());
  jobs_ = v1::JobService::NewStub(channel_);
  models_ = v1::ModelService::NewStub(channel_);
  blobs_ = v1::BlobService::NewStub(channel_);
  system_ = v1::SystemService::NewStub(channel_);
  watch_ = v1::JobService::NewStub(open(WatchArguments()));
}

absl::Status Connection::Failure(const grpc::Status& status) const {
  absl::Status out = FromGrpc(status);
  const bool answered = !status.error_details().empty();
  std::string message;
  if (!answered && absl::IsUnavailable(out)) {
    message =
        ExplainProbe(ProbeServer(access_), access_, status.error_message());
  } else if (!answered && absl::IsDeadlineExceeded(out)) {
    message =
        absl::StrCat("the server at ", address(), " did not answer in time");
  } else if (absl::IsUnauthenticated(out) && access_.token.empty()) {
    message = absl::StrCat(
        "the server at ", address(),
        " asks for a token; name a file that holds one with --token-file FILE "
        "(or PHOSPHENE_TOKEN_FILE); who runs the server hands them out");
  } else if (absl::IsUnauthenticated(out)) {
    const bool file = access_.origins.count("token-file") > 0;
    message =
        absl::StrCat("the server at ", address(), " refuses the token of ",
                     access_.Origin(file ? "token-file" : "token"), ": ",
                     status.error_message());
  }
  return message.empty() ? out : WithMessage(out, message);
}

bool Connection::IsShutOut() const {
  const Obstacle obstacle = ProbeServer(access_).obstacle;
  return obstacle != Obstacle::kNone && obstacle != Obstacle::kNobody &&
         obstacle != Obstacle::kStranger;
}

void Connection::Prepare(grpc::ClientContext& context,
                         absl::Duration timeout) const {
  if (timeout < absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(timeout));
  }
  if (!access_.token.empty())
    context.AddMetadata("authorization",
                        absl::StrCat("Bearer ", access_.token));
  const char* trace = std::getenv("TRACEPARENT");
  if (trace != nullptr && *trace != '\0')
    context.AddMetadata("traceparent", trace);
}

absl::Duration Backoff::Next() {
  const absl::Duration now = next_;
  next_ = std::min(next_ * 2, absl::Seconds(5));
  return now;
}

std::string NewUuid() {
  std::random_device device;
  const auto word = [&] { return static_cast<uint32_t>(device()); };
  const uint32_t a = word(), b = word(), c = word(), d = word();
  return absl::StrFormat("%08x-%04x-4%03x-%04x-%04x%08x", a, b >> 16, b & 0xfff,
                         0x8000 | (c >> 16 & 0x3fff), c & 0xffff, d);
}

}  // namespace phosphene::client
