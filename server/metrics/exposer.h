#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace prometheus {
class Collectable;
class Exposer;
}  // namespace prometheus

namespace phosphene {

// Serves metrics over HTTP at /metrics, in Prometheus' text format, on a
// thread of its own. Thread-safe.
class MetricsExposer {
 public:
  // Listens on `address`, HOST:PORT (port 0: a free one). INVALID_ARGUMENT
  // names the address that cannot be bound. What `collectables` point to may
  // die first; it is then left out.
  static absl::StatusOr<std::unique_ptr<MetricsExposer>> Create(
      const std::string& address,
      const std::vector<std::weak_ptr<prometheus::Collectable>>& collectables);
  ~MetricsExposer();

  // HOST:PORT with the port it got.
  const std::string& address() const { return address_; }

 private:
  MetricsExposer(std::unique_ptr<prometheus::Exposer> exposer,
                 std::string address);

  const std::unique_ptr<prometheus::Exposer> exposer_;
  const std::string address_;
};

}  // namespace phosphene
