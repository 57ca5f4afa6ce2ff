// Counts gRPC calls under the names of go-grpc-prometheus.
#include "server/metrics/call_metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <map>
#include <string>

namespace phosphene {
namespace {

using Labels = std::map<std::string, std::string>;

Labels LabelsOf(const RpcMethod& method) {
  return {{"grpc_service", method.service},
          {"grpc_method", method.name},
          {"grpc_type", method.type}};
}

// Names of grpc::StatusCode as go-grpc-prometheus writes them.
const char* CodeName(grpc::StatusCode code) {
  static const char* const kNames[] = {"OK",
                                       "Canceled",
                                       "Unknown",
                                       "InvalidArgument",
                                       "DeadlineExceeded",
                                       "NotFound",
                                       "AlreadyExists",
                                       "PermissionDenied",
                                       "ResourceExhausted",
                                       "FailedPrecondition",
                                       "Aborted",
                                       "OutOfRange",
                                       "Unimplemented",
                                       "Internal",
                                       "Unavailable",
                                       "DataLoss",
                                       "Unauthenticated"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "Unknown";
}

// From 0.5 ms to a watch of a day.
const prometheus::Histogram::BucketBoundaries kSeconds = {
    .0005, .001, .0025, .005, .01, .02, .05, .1,   .25,
    .5,    1,    2.5,   5,    10,  60,  600, 3600, 86400};

prometheus::Family<prometheus::Counter>& CounterFamily(
    prometheus::Registry& registry, const std::string& name,
    const std::string& help) {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
}

}  // namespace

struct CallMetrics::Families {
  explicit Families(prometheus::Registry& registry)
      : started(CounterFamily(registry, "grpc_server_started_total",
                              "Calls started.")),
        handled(CounterFamily(registry, "grpc_server_handled_total",
                              "Calls ended, by code.")),
        received(CounterFamily(registry, "grpc_server_msg_received_total",
                               "Messages received.")),
        sent(CounterFamily(registry, "grpc_server_msg_sent_total",
                           "Messages sent.")),
        frames(CounterFamily(registry, "phosphene_frames_sent_total",
                             "Frames sent to watchers.")
                   .Add({})),
        seconds(prometheus::BuildHistogram()
                    .Name("grpc_server_handling_seconds")
                    .Help("Time from start to end of a call.")
                    .Register(registry)) {}

  prometheus::Family<prometheus::Counter>& started;
  prometheus::Family<prometheus::Counter>& handled;
  prometheus::Family<prometheus::Counter>& received;
  prometheus::Family<prometheus::Counter>& sent;
  prometheus::Counter& frames;
  prometheus::Family<prometheus::Histogram>& seconds;
};

CallMetrics::CallMetrics(prometheus::Registry& registry)
    : families_(std::make_unique<Families>(registry)) {}

CallMetrics::~CallMetrics() = default;

void CallMetrics::Started(const RpcMethod& method) {
  families_->started.Add(LabelsOf(method)).Increment();
}

void CallMetrics::Handled(const RpcMethod& method, grpc::StatusCode code,
                          absl::Duration took) {
  Labels labels = LabelsOf(method);
  families_->seconds.Add(labels, kSeconds).Observe(absl::ToDoubleSeconds(took));
  labels["grpc_code"] = CodeName(code);
  families_->handled.Add(labels).Increment();
}

void CallMetrics::MessageReceived(const RpcMethod& method) {
  families_->received.Add(LabelsOf(method)).Increment();
}

void CallMetrics::MessageSent(const RpcMethod& method) {
  families_->sent.Add(LabelsOf(method)).Increment();
}

void CallMetrics::FrameSent() { families_->frames.Increment(); }

}  // namespace phosphene
