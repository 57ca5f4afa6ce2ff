// A texture handed out finer than it is held.
#include <algorithm>
#include <utility>

#include "server/engine/params/texture/skin.h"

namespace phosphene {
namespace {

constexpr int64_t kRows = 8;  // of the held atlas, made finer at once

class FinerSkin final : public Skin {
 public:
  FinerSkin(std::unique_ptr<Skin> held, int64_t times)
      : held_(std::move(held)), times_(times) {}

  std::vector<ParamTensor> Tensors() override { return held_->Tensors(); }
  at::Tensor Show(const RasterViews& views) override {
    return held_->Show(views);
  }
  at::Tensor Seams(int64_t levels) override { return held_->Seams(levels); }
  at::Tensor ShowFinished(const RasterViews& views) override {
    return held_->ShowFinished(views);
  }

  at::Tensor Atlas() override {
    const at::NoGradGuard no_grad;
    const at::Tensor coarse = held_->Atlas();
    const int64_t height = coarse.size(1), width = coarse.size(2);
    at::Tensor out =
        at::empty({3, height * times_, width * times_}, coarse.options());
    for (int64_t y = 0; y < height; y += kRows) {
      const int64_t rows = std::min(kRows, height - y);
      at::Tensor fine = out.narrow(1, y * times_, rows * times_);
      fine.copy_(Finer(coarse.narrow(1, y, rows)));
      if (start_.defined()) {
        const at::Tensor start = start_.narrow(1, y * times_, rows * times_);
        fine.add_(start - Finer(at::avg_pool2d(start, times_))).clamp_(0, 1);
      }
    }
    return out;
  }

  absl::Status SetAtlas(const at::Tensor& atlas) override {
    const at::NoGradGuard no_grad;
    start_ = atlas[0].cpu();
    return held_->SetAtlas(at::avg_pool2d(atlas, times_));
  }
  bool TakeMask(const at::Tensor& mask) override {
    return held_->TakeMask(at::avg_pool2d(mask, times_));
  }
  int64_t side() const override { return held_->side(); }
  bool reads_positions() const override { return held_->reads_positions(); }
  void Save(std::map<std::string, at::Tensor>* state) const override {
    held_->Save(state);
  }
  void Load(const std::map<std::string, at::Tensor>& state) override {
    held_->Load(state);
  }

 private:
  // Each texel as times_ x times_ of its colour.
  at::Tensor Finer(const at::Tensor& texels) const {
    return texels.repeat_interleave(times_, 1).repeat_interleave(times_, 2);
  }

  const std::unique_ptr<Skin> held_;
  const int64_t times_;
  at::Tensor start_;  // [3,side,side] of SetAtlas, on the CPU, or undefined
};

}  // namespace

std::unique_ptr<Skin> MakeFinerSkin(std::unique_ptr<Skin> held, int64_t times) {
  return std::make_unique<FinerSkin>(std::move(held), times);
}

}  // namespace phosphene
