#pragma once

#include <prometheus/collectable.h>

#include <functional>
#include <string>
#include <vector>

#include "phosphene/v1/system_service.pb.h"
#include "server/base/clock.h"
#include "server/jobs/job_store.h"
#include "server/stream/frame_hub.h"

namespace phosphene {

// What is so now, asked when Prometheus asks: phosphene_jobs{state},
// queue_depth{priority}, queue_oldest_age_seconds, watchers,
// frames_dropped_total{reason}, device_memory_bytes{device},
// device_memory_used_bytes{device}, device_busy{device}, build_info{version};
// tls_certificate_expiry_timestamp_seconds where there is one; and
// process_resident_memory_bytes, process_open_fds, process_max_fds.
// Thread-safe.
class StateCollector : public prometheus::Collectable {
 public:
  struct Options {
    // Borrowed; must outlive this.
    JobStore* store = nullptr;
    const FrameHub* hub = nullptr;
    const Clock* clock = &Clock::Real();
    std::function<std::vector<v1::Device>()> devices;
    std::string version;
    // Until when the server's certificate is valid; null without TLS.
    std::function<absl::Time()> certificate_expiry;
  };
  explicit StateCollector(Options options) : options_(std::move(options)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  void CollectQueue(std::vector<prometheus::MetricFamily>& out) const;

  const Options options_;
};

}  // namespace phosphene
