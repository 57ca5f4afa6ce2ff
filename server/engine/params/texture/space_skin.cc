// A texture without an atlas: a network from positions in space to colour.
#include <algorithm>

#include "server/engine/params/texture/skin.h"
#include "server/engine/params/texture/space_net.h"
#include "server/engine/raster/atlas_positions.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

constexpr int kDefaultDepth = 8;
constexpr int kDefaultHidden = 24;
// Lines of the atlas coloured at a time: 12 MB at 16384 texels.
constexpr int64_t kBandLines = 64;

CppnShape ShapeOf(const v1::CppnParameterization& spec) {
  CppnShape shape;
  shape.inputs = 3;
  shape.hidden =
      spec.hidden_channels() == 0 ? kDefaultHidden : spec.hidden_channels();
  shape.depth = spec.depth() == 0 ? kDefaultDepth : spec.depth();
  if (spec.activation() != v1::CppnParameterization::ACTIVATION_UNSPECIFIED)
    shape.activation = spec.activation();
  return shape;
}

// As for pictures: the network gives RGB itself, unless a basis is asked for.
v1::ColorSpace ColorOf(v1::ColorSpace color) {
  if (color.basis() == v1::ColorSpace::BASIS_UNSPECIFIED)
    color.set_basis(v1::ColorSpace::RGB);
  return color;
}

class SpaceSkin final : public Skin {
 public:
  SpaceSkin(const SkinContext& context, const v1::CppnParameterization& spec)
      : scene_(*context.scene),
        side_(context.side),
        shape_(ShapeOf(spec)),
        color_(ColorOf(context.color), 3) {
    const CppnNet net(shape_);
    const at::Tensor start =
        Rng(context.seed, RngStream::kInit).NormalTensor({net.weight_count()});
    net.ScaleStart(start);
    weights_ = start.to(context.device).requires_grad_();
  }

  std::vector<ParamTensor> Tensors() override {
    return {{"weights", weights_, /*per_row=*/false}};
  }

  at::Tensor Show(const RasterViews& views) override {
    return ToImage(ColorsAt(views.position), views);
  }

  // The same point of space has one colour on both sides of a seam.
  at::Tensor Seams(int64_t levels) override { return {}; }

  at::Tensor ShowFinished(const RasterViews& views) override {
    const at::NoGradGuard no_grad;
    return Show(views);
  }

  at::Tensor Atlas() override {
    const at::NoGradGuard no_grad;
    TexelMask charted(side_, side_);
    at::Tensor atlas = AtlasPositions(scene_.drawn, side_, side_, &charted);
    // In place, some lines at a time: what lies outside of charts is of no
    // matter.
    for (int64_t line = 0; line < side_; line += kBandLines) {
      at::Tensor band =
          atlas.narrow(1, line, std::min(kBandLines, side_ - line));
      band.copy_(ColorsAt(band.reshape({3, -1}).to(weights_.device()))
                     .view(band.sizes()));
    }
    return atlas;
  }

  absl::Status SetAtlas(const at::Tensor& atlas) override {
    return absl::UnimplementedError(
        "a texture held as cppn cannot start from an image: no weights are "
        "known to give it");
  }

  int64_t side() const override { return 0; }
  bool reads_positions() const override { return true; }

 private:
  // [3,n] of positions [3,n].
  at::Tensor ColorsAt(const at::Tensor& positions) const {
    const int64_t points = positions.size(1);
    if (points == 0) return at::zeros({3, 0}, weights_.options());
    return color_
        .ToImage(
            SpaceValues(shape_, weights_, positions).view({1, 3, 1, points}))
        .view({3, points});
  }

  const Scene& scene_;
  const int64_t side_;
  const CppnShape shape_;
  const ColorMap color_;
  at::Tensor weights_;  // [weight_count] f32
};

}  // namespace

std::unique_ptr<Skin> MakeSpaceSkin(const SkinContext& context,
                                    const v1::CppnParameterization& spec) {
  return std::make_unique<SpaceSkin>(context, spec);
}

}  // namespace phosphene
