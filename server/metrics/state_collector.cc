// Metrics of the present state, asked at each scrape.
#include "server/metrics/state_collector.h"

#include <prometheus/metric_family.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>

#include "server/base/descriptors.h"
#include "server/metrics/job_metrics.h"

namespace phosphene {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// Jobs looked at to tell their classes; a queue may be longer.
constexpr int kMaxQueued = 10'000;

// A family of one value a label set, built up by With.
class Values {
 public:
  Values(std::string name, std::string help,
         MetricType type = MetricType::Gauge) {
    family_.name = std::move(name);
    family_.help = std::move(help);
    family_.type = type;
  }
  Values& With(const std::vector<std::pair<std::string, std::string>>& labels,
               double value) {
    ClientMetric metric;
    for (const auto& [name, text] : labels)
      metric.label.push_back({name, text});
    (family_.type == MetricType::Counter ? metric.counter.value
                                         : metric.gauge.value) = value;
    family_.metric.push_back(std::move(metric));
    return *this;
  }
  MetricFamily Take() { return std::move(family_); }

 private:
  MetricFamily family_;
};

// Second number of /proc/self/statm: resident pages.
double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::vector<MetricFamily> StateCollector::Collect() const {
  std::vector<MetricFamily> out;
  CollectQueue(out);
  out.push_back(Values("phosphene_watchers", "Open watches.")
                    .With({}, static_cast<double>(options_.hub->watchers()))
                    .Take());
  out.push_back(Values("phosphene_frames_dropped_total",
                       "Frames not sent, by reason.", MetricType::Counter)
                    .With({{"reason", "slow_reader"}},
                          static_cast<double>(options_.hub->dropped_frames()))
                    .Take());
  Values memory("phosphene_device_memory_bytes", "Memory of a device.");
  Values used("phosphene_device_memory_used_bytes",
              "What jobs hold of a device's memory and their steps take.");
  Values busy("phosphene_device_busy", "1 while jobs run on the device.");
  for (const v1::Device& device : options_.devices()) {
    memory.With({{"device", device.name()}},
                static_cast<double>(device.memory_bytes()));
    used.With({{"device", device.name()}},
              static_cast<double>(device.memory_used_bytes()));
    busy.With({{"device", device.name()}},
              device.current_jobs().empty() ? 0 : 1);
  }
  out.push_back(memory.Take());
  out.push_back(used.Take());
  out.push_back(busy.Take());
  out.push_back(Values("phosphene_build_info", "1; labels tell the build.")
                    .With({{"version", options_.version}}, 1)
                    .Take());
  out.push_back(
      Values("process_resident_memory_bytes", "Memory of the process.")
          .With({}, ResidentBytes())
          .Take());
  out.push_back(Values("process_open_fds", "Open descriptors.")
                    .With({}, OpenDescriptors())
                    .Take());
  out.push_back(Values("process_max_fds", "Descriptors that may be open.")
                    .With({}, DescriptorLimit())
                    .Take());
  if (options_.certificate_expiry != nullptr) {
    out.push_back(
        Values("phosphene_tls_certificate_expiry_timestamp_seconds",
               "When the server's certificate expires, in Unix time.")
            .With({}, absl::ToUnixSeconds(options_.certificate_expiry()))
            .Take());
  }
  return out;
}

void StateCollector::CollectQueue(std::vector<MetricFamily>& out) const {
  const absl::StatusOr<JobCounts> counts = options_.store->Count();
  if (counts.ok()) {
    Values jobs("phosphene_jobs", "Jobs stored, by state.");
    for (int state = v1::Job::QUEUED; state <= v1::Job::State_MAX; ++state) {
      const auto found =
          counts->by_state.find(static_cast<v1::Job::State>(state));
      jobs.With({{"state", v1::Job::State_Name(state)}},
                found == counts->by_state.end()
                    ? 0.0
                    : static_cast<double>(found->second));
    }
    out.push_back(jobs.Take());
    const double age =
        counts->oldest_queued.has_value()
            ? std::max(0.0, absl::ToDoubleSeconds(options_.clock->Now() -
                                                  *counts->oldest_queued))
            : 0.0;
    out.push_back(Values("phosphene_queue_oldest_age_seconds",
                         "Age of the job that waits longest.")
                      .With({}, age)
                      .Take());
  }
  const auto queued = options_.store->ListQueued(kMaxQueued);
  if (!queued.ok()) return;
  std::map<std::string, int> depth = {{"low", 0}, {"normal", 0}, {"high", 0}};
  for (const QueuedJob& job : *queued) ++depth[PriorityClass(job.priority)];
  Values values("phosphene_queue_depth",
                "Jobs that wait, by class of priority.");
  for (const auto& [name, count] : depth)
    values.With({{"priority", name}}, count);
  out.push_back(values.Take());
}

}  // namespace phosphene
