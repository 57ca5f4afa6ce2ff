// Optimizes where a mask is white, keeps the start elsewhere.
#include "server/engine/params/mask.h"

#include <utility>

#include "server/engine/params/resize.h"

namespace phosphene {
namespace {

class MaskedParam : public Param {
 public:
  MaskedParam(std::unique_ptr<Param> base, at::Tensor mask)
      : base_(std::move(base)),
        mask_(std::move(mask)),
        start_(base_->Render(mask_.size(2), mask_.size(3)).clone()) {}

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

 private:
  const std::unique_ptr<Param> base_;
  const at::Tensor mask_;   // [1,1,H,W] f32 0..1
  const at::Tensor start_;  // [rows,C,H,W] f32 0..1
};

}  // namespace

std::unique_ptr<Param> MakeMasked(std::unique_ptr<Param> base,
                                  at::Tensor mask) {
  return std::make_unique<MaskedParam>(std::move(base), std::move(mask));
}

}  // namespace phosphene
