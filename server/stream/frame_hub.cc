// The hub's face: handles of watchers, and the calls passed on to its core.
#include "server/stream/frame_hub.h"

#include <utility>

#include "server/stream/hub_core.h"

namespace phosphene {

// A watcher's handle.
class FrameHub::Watcher : public Subscription {
 public:
  Watcher(std::shared_ptr<Core> core, int64_t id)
      : core_(std::move(core)), id_(id) {}
  ~Watcher() override { core_->Detach(id_); }

  Taken Next(std::function<void()> wake) override {
    return core_->Next(id_, std::move(wake));
  }
  void Seed(const std::vector<v1::JobEvent>& events, bool ended) override {
    core_->Seed(id_, events, ended);
  }
  absl::Status Acknowledge(int64_t sequence) override {
    return core_->Acknowledge(id_, sequence);
  }
  void StopAcknowledging() override { core_->StopAcknowledging(id_); }
  void Close() override { core_->Detach(id_); }

 private:
  const std::shared_ptr<Core> core_;
  const int64_t id_;
};

FrameHub::FrameHub(Options options) : core_(std::make_shared<Core>(options)) {}

FrameHub::~FrameHub() {
  CloseAll(absl::UnavailableError("the server goes away"));
}

absl::StatusOr<std::unique_ptr<Subscription>> FrameHub::Subscribe(
    absl::string_view job, WatchOptions options) {
  const absl::StatusOr<int64_t> id =
      core_->Attach(std::string(job), std::move(options));
  if (!id.ok()) return id.status();
  return std::make_unique<Watcher>(core_, *id);
}

bool FrameHub::WantsFrames(absl::string_view job) {
  return core_->WantsFrames(job);
}
int64_t FrameHub::watchers() const { return core_->watchers(); }
int64_t FrameHub::dropped_frames() const { return core_->dropped_frames(); }

void FrameHub::PublishState(const v1::JobEvent& event) {
  core_->PublishState(event);
}
int64_t FrameHub::PublishProgress(absl::string_view job,
                                  const v1::Progress& progress) {
  return core_->PublishProgress(std::string(job), progress);
}
int64_t FrameHub::PublishFrame(absl::string_view job, const v1::Frame& frame) {
  return core_->PublishFrame(std::string(job), frame);
}
std::optional<v1::Progress> FrameHub::LatestProgress(
    absl::string_view job) const {
  return core_->LatestProgress(job);
}
void FrameHub::CloseAll(const absl::Status& status) { core_->CloseAll(status); }

}  // namespace phosphene
