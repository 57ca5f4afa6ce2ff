// Optimizes where a mask is white, keeps the start elsewhere.
#include "server/engine/params/mask.h"

#include <utility>

#include "server/engine/params/resize.h"

namespace phosphene {
namespace {

class MaskedParam : public Param {
 public:
  MaskedParam(std::unique_ptr<Param> base, at::Tensor mask, at::Tensor start)
      : base_(std::move(base)),
        mask_(std::move(mask)),
        start_(start.defined()
                   ? std::move(start)
                   : base_->Render(mask_.size(2), mask_.size(3)).clone()) {}

  std::vector<ParamTensor> Tensors() override { return base_->Tensors(); }

  at::Tensor Image(int64_t step) override {
    return at::lerp(start_, base_->Image(step), mask_);
  }

  at::Tensor Render(int64_t height, int64_t width) override {
    const at::NoGradGuard no_grad;
    return at::lerp(ResizeImage(start_, height, width),
                    base_->Render(height, width),
                    ResizeImage(mask_, height, width));
  }

  absl::Status SetImage(const at::Tensor& image) override {
    return base_->SetImage(image);
  }

  std::vector<std::string> Notes() override { return base_->Notes(); }

  void Save(std::map<std::string, at::Tensor>* state) const override {
    base_->Save(state);
    (*state)[kMaskStart] = start_;
  }

  void Load(const std::map<std::string, at::Tensor>& state) override {
    base_->Load(state);
    const auto kept = state.find(kMaskStart);
    if (kept == state.end() || kept->second.sizes() != start_.sizes()) return;
    const at::NoGradGuard no_grad;
    start_.copy_(kept->second);
  }

 private:
  const std::unique_ptr<Param> base_;
  const at::Tensor mask_;   // [1,1,H,W] f32 0..1
  const at::Tensor start_;  // [rows,C,H,W] f32 0..1
};

}  // namespace

std::unique_ptr<Param> MakeMasked(std::unique_ptr<Param> base, at::Tensor mask,
                                  at::Tensor start) {
  return std::make_unique<MaskedParam>(std::move(base), std::move(mask),
                                       std::move(start));
}

}  // namespace phosphene
