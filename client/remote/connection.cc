#include "client/remote/connection.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"

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

}  // namespace

Connection::Connection(std::string address) : address_(std::move(address)) {
  const auto credentials = grpc::InsecureChannelCredentials();
  const auto channel =
      grpc::CreateCustomChannel(address_, credentials, BaseArguments());
  jobs_ = v1::JobService::NewStub(channel);
  models_ = v1::ModelService::NewStub(channel);
  blobs_ = v1::BlobService::NewStub(channel);
  system_ = v1::SystemService::NewStub(channel);
  watch_ = v1::JobService::NewStub(
      grpc::CreateCustomChannel(address_, credentials, WatchArguments()));
}

void Connection::Prepare(grpc::ClientContext& context, absl::Duration timeout) {
  if (timeout < absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(timeout));
  }
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
