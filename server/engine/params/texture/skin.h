#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/params/color.h"
#include "server/engine/params/latent.h"
#include "server/engine/params/texture/scene.h"
#include "server/engine/raster/raster.h"
#include "server/engine/raster/sample.h"

namespace phosphene {

// How the colour of a surface is held and optimized. Colours are RGB, f32 0..1.
// Confined to a thread.
class Skin {
 public:
  virtual ~Skin() = default;
  virtual std::vector<ParamTensor> Tensors() = 0;
  // What the views of a step show, [views,3,h,w], 0 in the background, with
  // gradient; Seams speaks of it until the next call.
  virtual at::Tensor Show(const RasterViews& views) = 0;
  // See Surface::SeamStep.
  virtual at::Tensor Seams(int64_t levels) = 0;
  // The same of the parameters as they are, no gradient, nothing remembered.
  virtual at::Tensor ShowFinished(const RasterViews& views) = 0;
  // The whole atlas [3,side,side] as it is, no gradient, on the CPU.
  virtual at::Tensor Atlas() = 0;
  // Starts from an atlas [1,3,side,side]; UNIMPLEMENTED where none can be.
  virtual absl::Status SetAtlas(const at::Tensor& atlas) = 0;
  // Keeps its present colours where `mask` [1,1,side,side] is 0; false: cannot.
  virtual bool TakeMask(const at::Tensor& mask) { return false; }
  // Texels a side of what is held, the atlas' or a part of them; 0: no texels
  // are held.
  virtual int64_t side() const = 0;
  // Whether views must tell the position of fragments.
  virtual bool reads_positions() const { return false; }
  // See Param.
  virtual void Save(std::map<std::string, at::Tensor>* state) const {}
  virtual void Load(const std::map<std::string, at::Tensor>& state) {}
};

// What skins are made of.
struct SkinContext {
  const Scene* scene = nullptr;  // outlives the skin
  v1::ColorSpace color;
  TexelFilter filter = TexelFilter::kTrilinear;
  int64_t side = 1024;  // of the atlas
  uint64_t seed = 0;
  at::Device device = at::kCPU;
};

// A whole atlas of any latent.
std::unique_ptr<Skin> MakeAtlasSkin(const SkinContext& context,
                                    std::unique_ptr<Latent> latent);
// Pixels of N(0, sd) before colour in tiles, of which only those that were seen
// are held. REQUIRES: `side` is a multiple of kTileSide.
std::unique_ptr<Skin> MakeTiledSkin(const SkinContext& context, double sd);
// A skin held at 1 / `times` of the side it is handed out with: each texel
// stands for times x times of them. What Atlas tells of a start finer than that
// is kept as a difference to its means.
std::unique_ptr<Skin> MakeFinerSkin(std::unique_ptr<Skin> held, int64_t times);
// A network from positions in space to colour.
std::unique_ptr<Skin> MakeSpaceSkin(const SkinContext& context,
                                    const v1::CppnParameterization& spec);

}  // namespace phosphene
