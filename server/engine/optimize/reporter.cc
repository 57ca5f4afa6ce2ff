// Tells the sink how a run goes, at a bounded rate.

#include "server/engine/optimize/reporter.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "server/engine/tensor/torch_pch.h"

#include "server/engine/outputs/frame.h"

namespace phosphene {
namespace {

constexpr std::chrono::milliseconds kProgressEvery(100);
constexpr std::chrono::milliseconds kRateOver(1000);
constexpr int kDefaultFrameEvery = 16;

double Seconds(std::chrono::steady_clock::duration span) {
  return std::chrono::duration<double>(span).count();
}

}  // namespace

Reporter::Reporter(const v1::JobSpec& spec, RunSink& sink, int64_t first_step)
    : spec_(spec),
      sink_(sink),
      total_(Engine::TotalSteps(spec)),
      reported_(std::chrono::steady_clock::now()),
      rate_from_(reported_),
      rate_from_step_(first_step) {
  last_.set_step(first_step);
  last_.set_total_steps(total_);
}

void Reporter::InStep(int tiles_done, int tiles) {
  last_.set_tiles_done(tiles_done);
  last_.set_tiles(tiles);
  const Time now = std::chrono::steady_clock::now();
  if (now - tile_reported_ < kProgressEvery) return;
  tile_reported_ = now;
  sink_.OnProgress(last_);
}

void Reporter::AfterStep(int64_t done, const Stepper& stepper,
                         const Parts& parts) {
  const Time now = std::chrono::steady_clock::now();
  if (done == total_ || now - reported_ >= kProgressEvery)
    Progress(done, now, stepper, parts);
  Frame(done, parts);
}

void Reporter::Progress(int64_t done, Time now, const Stepper& stepper,
                        const Parts& parts) {
  // The rate is that of about the last second; until one has passed, of all.
  if (now > rate_from_)
    rate_ =
        static_cast<double>(done - rate_from_step_) / Seconds(now - rate_from_);
  if (now - rate_from_ >= kRateOver) {
    rate_from_ = now;
    rate_from_step_ = done;
  }
  reported_ = now;
  v1::Progress progress;
  progress.set_tiles_done(last_.tiles_done());
  progress.set_tiles(last_.tiles());
  progress.set_step(done);
  progress.set_total_steps(total_);
  progress.set_steps_per_second(rate_);
  const std::vector<double> rows = stepper.RowValues();
  progress.set_objective_value(
      std::accumulate(rows.begin(), rows.end(), 0.0) /
      static_cast<double>(std::max<size_t>(1, rows.size())));
  const std::vector<double> values = stepper.ObjectiveValues();
  for (size_t i = 0; i < values.size(); ++i) {
    v1::ObjectiveValue* value = progress.add_objectives();
    value->set_label(parts.objectives[i].label);
    value->set_value(values[i]);
  }
  sink_.OnProgress(progress);
  last_ = std::move(progress);
}

void Reporter::Frame(int64_t done, const Parts& parts) {
  const int every =
      spec_.frames().every() > 0 ? spec_.frames().every() : kDefaultFrameEvery;
  const bool due = done % every == 0;
  if (!due && done != total_) return;
  const int keep_every = spec_.frames().keep_every();
  const bool keep = due && keep_every > 0 && done / every % keep_every == 0;
  if (sink_.WantsFrame(keep))
    sink_.OnFrame(done, keep, MakeFrame(spec_, *parts.param));
}

}  // namespace phosphene
