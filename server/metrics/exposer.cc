#include "server/metrics/exposer.h"

#include <prometheus/exposer.h>

#include <exception>
#include <utility>

#include "absl/strings/str_cat.h"

namespace phosphene {

MetricsExposer::MetricsExposer(std::unique_ptr<prometheus::Exposer> exposer,
                               std::string address)
    : exposer_(std::move(exposer)), address_(std::move(address)) {}

MetricsExposer::~MetricsExposer() = default;

absl::StatusOr<std::unique_ptr<MetricsExposer>> MetricsExposer::Create(
    const std::string& address,
    const std::vector<std::weak_ptr<prometheus::Collectable>>& collectables) {
  std::unique_ptr<prometheus::Exposer> exposer;
  // The library reports by exceptions: bad syntax, address in use.
  try {
    exposer = std::make_unique<prometheus::Exposer>(address, /*num_threads=*/1);
  } catch (const std::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metrics: cannot listen on \"", address,
        "\"; allowed: HOST:PORT of this machine that is free, or off"));
  }
  for (const auto& collectable : collectables)
    exposer->RegisterCollectable(collectable);
  const std::vector<int> ports = exposer->GetListeningPorts();
  const std::string host = address.substr(0, address.rfind(':'));
  std::string bound =
      ports.empty() ? address : absl::StrCat(host, ":", ports.front());
  return std::unique_ptr<MetricsExposer>(
      new MetricsExposer(std::move(exposer), std::move(bound)));
}

}  // namespace phosphene
