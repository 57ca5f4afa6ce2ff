// Counters and histograms of jobs, from submission to end.
#include "server/metrics/job_metrics.h"

#include <google/protobuf/util/time_util.h>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

using google::protobuf::util::TimeUtil;
using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

// From a job of an idle server to one that waits or runs for days.
const Histogram::BucketBoundaries kJobSeconds = {
    .01, .05, .1, .5, 1, 5, 15, 60, 300, 900, 3600, 14400, 86400};
const Histogram::BucketBoundaries kTransactionSeconds = {
    .0001, .0005, .001, .005, .01, .05, .1, .5, 1, 5};
const Histogram::BucketBoundaries kAttempts = {1, 2, 3, 5, 10, 20};

Family<Counter>& CounterFamily(prometheus::Registry& registry,
                               const std::string& name,
                               const std::string& help) {
  return prometheus::BuildCounter()
      .Name("phosphene_" + name)
      .Help(help)
      .Register(registry);
}

Family<Histogram>& HistogramFamily(prometheus::Registry& registry,
                                   const std::string& name,
                                   const std::string& help) {
  return prometheus::BuildHistogram()
      .Name("phosphene_" + name)
      .Help(help)
      .Register(registry);
}

double SecondsBetween(const google::protobuf::Timestamp& from,
                      const google::protobuf::Timestamp& to) {
  return static_cast<double>(TimeUtil::DurationToMicroseconds(to - from)) / 1e6;
}

// Why a job ended, from the error's code: few values.
std::string Reason(const v1::Job& job) {
  if (job.state() != v1::Job::FAILED) return "";
  return absl::StatusCodeToString(
      static_cast<absl::StatusCode>(job.error().code()));
}

}  // namespace

const char* PriorityClass(int priority) {
  return priority < 0 ? "low" : priority > 0 ? "high" : "normal";
}

struct JobMetrics::Families {
  explicit Families(prometheus::Registry& registry)
      : submitted(CounterFamily(registry, "jobs_submitted_total",
                                "Jobs created, by class of priority.")),
        finished(CounterFamily(registry, "jobs_finished_total",
                               "Jobs ended, by state and error code.")),
        rejected(CounterFamily(registry, "admission_rejected_total",
                               "Jobs refused, by reason.")),
        lease_lost(CounterFamily(registry, "lease_lost_total",
                                 "Writes of workers refused because the job is "
                                 "no longer theirs.")
                       .Add({})),
        steps(CounterFamily(registry, "engine_steps_total",
                            "Optimization steps done.")
                  .Add({})),
        queue_seconds(HistogramFamily(registry, "job_queue_seconds",
                                      "Wait before the first attempt.")
                          .Add({}, kJobSeconds)),
        run_seconds(HistogramFamily(registry, "job_run_seconds",
                                    "Time spent running, all attempts.")),
        attempts(HistogramFamily(registry, "job_attempts",
                                 "Attempts of an ended job.")
                     .Add({}, kAttempts)),
        txn_seconds(HistogramFamily(registry, "store_txn_seconds",
                                    "Calls of the job store, by operation.")) {}

  Family<Counter>& submitted;
  Family<Counter>& finished;
  Family<Counter>& rejected;
  Counter& lease_lost;
  Counter& steps;
  Histogram& queue_seconds;
  Family<Histogram>& run_seconds;
  Histogram& attempts;
  Family<Histogram>& txn_seconds;
};

JobMetrics::JobMetrics(prometheus::Registry& registry)
    : families_(std::make_unique<Families>(registry)) {}

JobMetrics::~JobMetrics() = default;

void JobMetrics::Submitted(int priority) {
  families_->submitted.Add({{"class", PriorityClass(priority)}}).Increment();
}

void JobMetrics::Rejected(absl::string_view reason) {
  families_->rejected.Add({{"reason", std::string(reason)}}).Increment();
}

void JobMetrics::Started(const v1::Job& job) {
  if (job.attempt() == 1)
    families_->queue_seconds.Observe(
        std::max(0.0, SecondsBetween(job.create_time(), job.start_time())));
}

void JobMetrics::Ended(const v1::Job& job) {
  const std::string state = v1::Job::State_Name(job.state());
  families_->finished.Add({{"state", state}, {"reason", Reason(job)}})
      .Increment();
  families_->run_seconds.Add({{"state", state}}, kJobSeconds)
      .Observe(static_cast<double>(
                   TimeUtil::DurationToMicroseconds(job.run_duration())) /
               1e6);
  families_->attempts.Observe(job.attempt());
}

void JobMetrics::LeaseLost() { families_->lease_lost.Increment(); }

void JobMetrics::Transaction(const char* op, absl::Duration took) {
  families_->txn_seconds.Add({{"op", op}}, kTransactionSeconds)
      .Observe(absl::ToDoubleSeconds(took));
}

void JobMetrics::Steps(int64_t count) {
  families_->steps.Increment(static_cast<double>(count));
}

}  // namespace phosphene
