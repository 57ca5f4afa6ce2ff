// Where a run reports to: the hub, and the stores.

#include "server/scheduler/job_run_sink.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"
#include "server/scheduler/frame_encoder.h"

namespace phosphene {
namespace {

constexpr size_t kMaxWarnings = 20;

}  // namespace

JobRunSink::JobRunSink(const StoredJob& job, Options options)
    : name_(job.job.name()),
      attempt_(job.job.attempt()),
      policy_(job.job.spec().frames()),
      total_steps_(Engine::TotalSteps(job.job.spec())),
      claim_sequence_(job.sequence),
      options_(std::move(options)),
      frames_(options_.encoder,
              [this](FrameWorker::Picture picture) { Publish(picture); }) {}

void JobRunSink::OnProgress(const v1::Progress& progress) {
  last_step_done_ = progress.step() >= total_steps_;
  options_.hub->PublishProgress(name_, progress);
}

bool JobRunSink::WantsFrame(bool keep) {
  if (keep || last_step_done_) return true;
  const absl::Duration now = options_.clock->Steady();
  if (now < next_frame_ || !options_.hub->WantsFrames(name_)) return false;
  next_frame_ = now + absl::Seconds(1) / kFramesPerSecond;
  return true;
}

void JobRunSink::OnFrame(int64_t step, bool keep, Image8 image) {
  const bool must = keep || step >= total_steps_;
  frames_.Add({step, keep, must, std::move(image)});
}

void JobRunSink::Publish(const FrameWorker::Picture& picture) {
  const std::string what = absl::StrCat("frame of step ", picture.step);
  absl::StatusOr<v1::Frame> frame =
      EncodeFrame(picture.step, picture.image, policy_.quality());
  if (!frame.ok()) {
    (void)Judge(frame.status(), what);
    return;
  }
  if (picture.keep && !Judge(Keep(*frame), what).ok()) return;
  // A run whose state the hub does not know yet reports from behind the claim.
  const int64_t sequence =
      std::max(options_.hub->PublishFrame(name_, *frame), claim_sequence_ + 1);
  MutexLock lock(&mu_);
  last_frame_ = LastFrame{*std::move(frame), sequence};
}

std::optional<JobRunSink::LastFrame> JobRunSink::last_frame() const {
  MutexLock lock(&mu_);
  return last_frame_;
}

std::vector<std::string> JobRunSink::warnings() const {
  MutexLock lock(&mu_);
  return warnings_;
}

absl::Status JobRunSink::Keep(v1::Frame& frame) {
  ASSIGN_OR_RETURN(const BlobInfo blob, options_.blobs->Put(frame.image()));
  KeptFrame kept;
  kept.info = frame;
  kept.info.clear_image();
  kept.info.set_name(absl::StrCat(name_, "/frames/", frame.step()));
  kept.blob = blob.name;
  RETURN_IF_ERROR(options_.store->KeepFrame(name_, attempt_, kept));
  frame.set_name(kept.info.name());
  return absl::OkStatus();
}

absl::Status JobRunSink::OnCheckpoint(int64_t step, std::string bytes) {
  Flush();  // a run that resumes from here makes none of them again
  const auto save = [&]() -> absl::Status {
    ASSIGN_OR_RETURN(const BlobInfo blob, options_.blobs->Put(bytes));
    return options_.store->SaveCheckpoint(name_, attempt_, {blob.name, step});
  };
  return Judge(save(), absl::StrCat("checkpoint of step ", step));
}

absl::Status JobRunSink::Judge(const absl::Status& status, std::string what) {
  if (status.ok()) return status;
  if (absl::IsAborted(status) || absl::IsNotFound(status)) {
    options_.stop();
    return status;
  }
  const std::string warning =
      absl::StrCat(what, " was not kept: ", status.message());
  LogWarn(warning, {{"job", name_}});
  MutexLock lock(&mu_);
  if (warnings_.size() < kMaxWarnings) warnings_.push_back(warning);
  return absl::OkStatus();
}

}  // namespace phosphene
