// A texture on a mesh, seen through random cameras: image = colour of the
// surface in each view, lit, over a background. Source: Distill 2018; lucid's
// notebooks of 3D feature visualization and style transfer.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "server/base/status_macros.h"
#include "server/engine/params/resize.h"
#include "server/engine/params/surface.h"
#include "server/engine/params/texture/backdrop.h"
#include "server/engine/params/texture/cameras.h"
#include "server/engine/params/texture/held_side.h"
#include "server/engine/params/texture/original.h"
#include "server/engine/params/texture/scene.h"
#include "server/engine/params/texture/skin.h"
#include "server/engine/raster/fill_unseen.h"
#include "server/engine/raster/sample_tiles.h"
#include "server/engine/raster/texel_mask.h"
#include "server/engine/tensor/image_tensor.h"

namespace phosphene {
namespace {

using Texture = v1::TextureParameterization;

constexpr int64_t kDefaultSide = 1024;  // texels
// Above it every texel of a fourier atlas would cost at each step, and pixels
// are held in tiles.
constexpr int64_t kMaxWholeSide = 2048;
constexpr double kDefaultSd = .01;
// Samples of a finished picture's pixel along each side.
constexpr int64_t kFinishedSamples = 2;
constexpr char kSeen[] = "seen";  // in checkpoints: bits of texels
constexpr float kLeastAlpha = 1e-6f;

int64_t SideOf(const Texture& spec) {
  return spec.atlas_size() == 0 ? kDefaultSide : spec.atlas_size();
}
bool InTiles(const Texture& spec) {
  return spec.has_pixel() && SideOf(spec) > kMaxWholeSide;
}

// What the views of one step show.
struct Shown {
  at::Tensor color;     // [views,3,H,W], 0 where nothing is
  at::Tensor coverage;  // [views,1,H,W] 0..1
};

class TextureParam final : public Param, public Surface {
 public:
  TextureParam(const Texture& spec, const ParamContext& context,
               std::unique_ptr<Scene> scene, std::unique_ptr<Skin> skin,
               Backdrops backdrops, at::Tensor original)
      : spec_(spec),
        canvas_(context.canvas),
        seed_(context.seed),
        device_(context.device),
        side_(SideOf(spec)),
        scene_(std::move(scene)),
        skin_(std::move(skin)),
        backdrops_(std::move(backdrops)),
        original_(std::move(original)),
        rasterizer_(scene_->drawn),
        seen_(HeldSide(), HeldSide()) {}

  std::vector<ParamTensor> Tensors() override { return skin_->Tensors(); }

  at::Tensor Image(int64_t step) override {
    LookAt(step);
    AccumulateCoverage(views_, &seen_);
    return Compose(Meet(skin_->Show(views_), views_, samples()));
  }

  at::Tensor Render(int64_t height, int64_t width) override {
    std::vector<at::Tensor> rows;
    for (int64_t row = 0; row < canvas_.rows; ++row) {
      ViewAngles view;
      view.azimuth +=
          360. * static_cast<double>(row) / static_cast<double>(canvas_.rows);
      rows.push_back(RenderFrom(view, height, width));
    }
    return at::cat(rows);
  }

  absl::Status SetImage(const at::Tensor& image) override {
    if (image.dim() != 4 || image.size(0) != 1 || image.size(1) < 3) {
      return absl::InvalidArgumentError("an atlas of three channels is needed");
    }
    return skin_->SetAtlas(
        ResizeImage(image.narrow(1, 0, 3).to(at::kFloat), side_, side_)
            .to(device_));
  }
  Canvas StartCanvas(const Canvas& fallback) const override {
    return {1, 3, side_, side_};
  }
  bool TakeMask(const at::Tensor& mask) override {
    return skin_->TakeMask(mask);
  }

  Surface* surface() override { return this; }

  std::vector<std::string> Notes() override {
    std::vector<std::string> notes = scene_->notes;
    if (HeldSide() < side_) {
      notes.push_back(absl::StrCat(
          "the texture was optimized at ", HeldSide(),
          " texels a side, as fine "
          "as its cameras see it; nearer or larger views go finer"));
    }
    const int64_t charted = Charts().Count();
    if (charted > 0 && seen_.Count() > 0 && skin_->side() > 0) {
      notes.push_back(absl::StrFormat(
          "views have seen %.1f %% of the texture's charts",
          100. * static_cast<double>(seen_.CountBoth(Charts())) /
              static_cast<double>(charted)));
    }
    return notes;
  }

  void Save(std::map<std::string, at::Tensor>* state) const override {
    const std::vector<uint64_t>& words = seen_.words();
    at::Tensor bits =
        at::empty({static_cast<int64_t>(words.size())}, at::kLong);
    std::copy(words.begin(), words.end(),
              reinterpret_cast<uint64_t*>(bits.data_ptr<int64_t>()));
    (*state)[kSeen] = bits;
    skin_->Save(state);
  }

  void Load(const std::map<std::string, at::Tensor>& state) override {
    const auto bits = state.find(kSeen);
    const auto words = static_cast<int64_t>(seen_.words().size());
    if (bits != state.end() && bits->second.scalar_type() == at::kLong &&
        bits->second.numel() == words) {
      const auto* from = reinterpret_cast<const uint64_t*>(
          bits->second.const_data_ptr<int64_t>());
      std::copy(from, from + words, seen_.words().begin());
    }
    skin_->Load(state);
  }

  // Surface:

  at::Tensor Coverage() override { return coverage_; }

  at::Tensor Original(int64_t step) override {
    const at::NoGradGuard no_grad;
    LookAt(step);
    return Compose(Meet(SampleAtlas(original_, views_, TexelFilter::kTrilinear),
                        views_, samples()));
  }

  at::Tensor SeamStep(int64_t levels) override {
    return scene_->seams.empty() ? at::Tensor() : skin_->Seams(levels);
  }

  absl::Status SetOriginal() override {
    return SetImage(original_.unsqueeze(0));
  }

  absl::StatusOr<TexturedMesh> Export() override {
    const at::NoGradGuard no_grad;
    TexturedMesh out;
    out.mesh = &scene_->mesh;
    out.atlas = std::move(
        ToImages(FillUnseen(skin_->Atlas(), Painted()).unsqueeze(0))[0]);
    return out;
  }

  at::Tensor RenderFrom(const ViewAngles& view, int64_t height,
                        int64_t width) override {
    const at::NoGradGuard no_grad;
    const int64_t samples =
        std::max(height, width) * kFinishedSamples <= kMaxViewSide
            ? kFinishedSamples
            : 1;
    const Camera camera =
        FittingCamera(view, FieldOfView(spec_.camera()), height, width);
    const RasterViews views = rasterizer_.Draw({&camera, 1}, height * samples,
                                               width * samples, Options());
    const Shown shown = Meet(skin_->ShowFinished(views), views, samples);
    return Over(shown, backdrops_.Still(height, width, device_));
  }

 private:
  int64_t samples() const { return std::max(1, spec_.supersampling()); }

  RasterOptions Options() const {
    RasterOptions options;
    options.position = skin_->reads_positions();
    options.facing = ambient() < 1;
    options.device = device_;
    return options;
  }

  double ambient() const { return spec_.has_ambient() ? spec_.ambient() : 1; }

  // Draws the views of a step and what is behind them, unless they are those
  // drawn last.
  void LookAt(int64_t step) {
    if (views_of_ == step) return;
    views_ = rasterizer_.Draw(
        DrawCameras(spec_.camera(), seed_, step, canvas_.rows),
        canvas_.height * samples(), canvas_.width * samples(), Options());
    behind_ = backdrops_.Draw(step, canvas_.rows, canvas_.height, canvas_.width,
                              device_);
    views_of_ = step;
  }

  // Lit, and a mean over the samples of each pixel.
  Shown Meet(at::Tensor color, const RasterViews& views,
             int64_t samples) const {
    if (ambient() < 1) {
      const at::Tensor light =
          (views.facing * (1 - ambient()) + ambient()).unsqueeze(0);
      color = color * ToImage(light, views);
    }
    at::Tensor coverage = CoverageOf(views);
    if (samples > 1) {
      color = at::avg_pool2d(color, samples);
      coverage = at::avg_pool2d(coverage, samples);
    }
    return {color, coverage};
  }

  at::Tensor Compose(const Shown& shown) {
    coverage_ = shown.coverage;
    return Over(shown, behind_);
  }

  at::Tensor Over(const Shown& shown, const at::Tensor& behind) const {
    if (backdrops_.open()) {
      // Colours are weighted by what covers them; alpha is straight.
      return at::cat(
          {shown.color / shown.coverage.clamp_min(kLeastAlpha), shown.coverage},
          1);
    }
    return shown.color + behind * (1 - shown.coverage);
  }

  const TexelMask& Charts() {
    if (charts_ == nullptr) {
      charts_ = std::make_unique<TexelMask>(
          ChartMask(scene_->drawn, HeldSide(), HeldSide()));
    }
    return *charts_;
  }

  int64_t HeldSide() const { return skin_->side() > 0 ? skin_->side() : side_; }

  // Texels of the atlas whose colour means something: of a network in space all
  // in charts, else those a view has seen; before any has, all in charts.
  TexelMask Painted() {
    TexelMask painted =
        HeldSide() == side_ ? Charts() : ChartMask(scene_->drawn, side_, side_);
    if (skin_->side() == 0 || seen_.CountBoth(Charts()) == 0) return painted;
    const int64_t times = side_ / HeldSide();
    for (int64_t y = 0; y < side_; ++y) {
      for (int64_t x = 0; x < side_; ++x) {
        if (!seen_.Get(y / times, x / times)) painted.Clear(y, x);
      }
    }
    return painted;
  }

  const Texture spec_;
  const Canvas canvas_;
  const uint64_t seed_;
  const at::Device device_;
  const int64_t side_;
  const std::unique_ptr<Scene> scene_;
  const std::unique_ptr<Skin> skin_;
  const Backdrops backdrops_;
  const at::Tensor original_;  // [3,s,s], s the side, 2048 at the most
  Rasterizer rasterizer_;
  RasterViews views_;  // of the step views_of_
  at::Tensor behind_;  // likewise
  int64_t views_of_ = -1;
  at::Tensor coverage_;
  TexelMask seen_;                     // of the texels held
  std::unique_ptr<TexelMask> charts_;  // likewise
};

absl::StatusOr<at::Tensor> LoadBackground(const Texture& spec,
                                          const ParamContext& context) {
  if (spec.background() != Texture::IMAGE) return at::Tensor();
  ASSIGN_OR_RETURN(const at::Tensor image,
                   context.load_image(spec.background_image()));
  return ConvertChannels(image, 3).to(context.device);
}

absl::StatusOr<std::unique_ptr<Skin>> MakeSkin(const v1::Parameterization& spec,
                                               const Scene& scene,
                                               const ParamContext& context) {
  const Texture& texture = spec.texture();
  SkinContext made;
  made.scene = &scene;
  made.color = spec.color();
  if (texture.filter() == Texture::BILINEAR)
    made.filter = TexelFilter::kBilinear;
  made.side = SideOf(texture);
  made.seed = context.seed;
  made.device = context.device;
  if (texture.has_cppn()) return MakeSpaceSkin(made, texture.cppn());
  if (InTiles(texture)) {
    const int64_t samples = std::max(1, texture.supersampling());
    if (made.filter == TexelFilter::kTrilinear) {
      made.side =
          HeldSide(scene, texture.camera(), context.canvas.height * samples,
                   context.canvas.width * samples, made.side);
    }
    auto tiles = MakeTiledSkin(
        made, texture.pixel().has_sd() ? texture.pixel().sd() : kDefaultSd);
    const int64_t times = SideOf(texture) / made.side;
    return times == 1 ? std::move(tiles)
                      : MakeFinerSkin(std::move(tiles), times);
  }
  const LatentContext latent = {Canvas{1, 3, made.side, made.side},
                                context.seed, context.device};
  return MakeAtlasSkin(made, MakeLatent(texture, latent));
}

absl::StatusOr<std::unique_ptr<Param>> Make(const v1::Parameterization& spec,
                                            const ParamContext& context) {
  const Texture& texture = spec.texture();
  if (!context.read_blob)
    return absl::FailedPreconditionError("no meshes can be loaded here");
  ASSIGN_OR_RETURN(const std::string bytes, context.read_blob(texture.mesh()));
  auto scene = MakeScene(bytes, {texture.unwrap(), SideOf(texture)});
  if (!scene.ok()) return Annotate(scene.status(), "texture.mesh");
  ASSIGN_OR_RETURN(
      const at::Tensor original,
      OriginalAtlas(texture, std::min(SideOf(texture), kMaxWholeSide), **scene,
                    context));
  ASSIGN_OR_RETURN(std::unique_ptr<Skin> skin,
                   MakeSkin(spec, **scene, context));
  ASSIGN_OR_RETURN(at::Tensor background, LoadBackground(texture, context));
  return std::make_unique<TextureParam>(
      texture, context, *std::move(scene), std::move(skin),
      Backdrops(texture.background(), std::move(background), context.seed),
      original);
}

std::string WhyNotFromImage(const v1::Parameterization& spec) {
  return spec.texture().has_cppn()
             ? "no weights are known that give a cppn an image"
             : "";
}

void CheckAtlas(const Texture& spec, const std::string& path, Faults& faults) {
  const int64_t side = SideOf(spec);
  if (spec.has_fourier() && side > kMaxWholeSide) {
    faults.Add(absl::StrCat(path, ".atlas_size"),
               absl::StrCat(side,
                            " is too large for a fourier atlas, each of "
                            "whose values moves every texel; allowed: 16"
                            "..",
                            kMaxWholeSide, ", or a pixel atlas"));
  }
  if (InTiles(spec) && side % kTileSide != 0) {
    faults.Add(absl::StrCat(path, ".atlas_size"),
               absl::StrCat(side,
                            " is not allowed for an atlas in tiles; "
                            "multiples of ",
                            kTileSide, " are"));
  }
  if (spec.cppn().normalize()) {
    faults.Add(absl::StrCat(path, ".cppn.normalize"),
               "is not allowed here: statistics would change with each view");
  }
  if (spec.cppn().periodic()) {
    faults.Add(absl::StrCat(path, ".cppn.periodic"),
               "is not allowed here: space has no period");
  }
}

void CheckCamera(const Texture::Camera& camera, const std::string& path,
                 Faults& faults) {
  if (camera.min_distance() > 0 && camera.max_distance() > 0 &&
      camera.max_distance() < camera.min_distance()) {
    faults.Add(absl::StrCat(path, ".max_distance"),
               absl::StrCat(camera.max_distance(), " is below min_distance, ",
                            camera.min_distance()));
  }
  if (camera.has_min_elevation() && camera.has_max_elevation() &&
      camera.max_elevation() < camera.min_elevation()) {
    faults.Add(absl::StrCat(path, ".max_elevation"),
               absl::StrCat(camera.max_elevation(), " is below min_elevation, ",
                            camera.min_elevation()));
  }
}

void Check(const v1::Parameterization& spec, absl::string_view path,
           Faults& faults) {
  const Texture& texture = spec.texture();
  const std::string own = absl::StrCat(path, ".texture");
  CheckAtlas(texture, own, faults);
  CheckCamera(texture.camera(), absl::StrCat(own, ".camera"), faults);
  const bool open = texture.background() == Texture::OPEN;
  const Canvas canvas = KnownCanvasOf(spec);
  if (canvas.channels != 0 && canvas.channels != (open ? 4 : 3)) {
    faults.Add(absl::StrCat(path, ".channels"),
               absl::StrCat("is ", canvas.channels, "; allowed: ",
                            open ? "4 with background OPEN" : "3"));
  }
  if ((texture.background() == Texture::IMAGE) !=
      !texture.background_image().empty()) {
    faults.Add(absl::StrCat(own, ".background_image"),
               "goes with background IMAGE, and IMAGE needs it");
  }
  const int64_t samples = std::max(1, texture.supersampling());
  if (std::max(canvas.height, canvas.width) * samples > kMaxViewSide) {
    faults.Add(path,
               absl::StrCat("a view of ", canvas.width, " x ", canvas.height,
                            " is too large to draw; allowed: ",
                            kMaxViewSide / samples, " on a side"));
  }
}

// Value, gradient and two moments of what is optimized, and as much for the
// colours, pyramid and original beside it; tiles cost when they are seen.
int64_t LeastMemory(const v1::Parameterization& spec) {
  const Texture& texture = spec.texture();
  if (texture.has_cppn() || InTiles(texture)) return 0;
  const int64_t side = SideOf(texture);
  return side * side * 3 * int64_t{sizeof(float)} * 8;
}

std::string WhyNotReplayed(const v1::Parameterization& spec) {
  return "the host chooses the views";
}

}  // namespace

const ParamKind& TextureKind() {
  static const ParamKind kind = {.arm = "texture",
                                 .check = Check,
                                 .make = Make,
                                 .tensors_have_rows = false,
                                 .has_surface = true,
                                 .max_picture_side = kMaxViewSide,
                                 .least_memory = LeastMemory,
                                 .why_not_from_image = WhyNotFromImage,
                                 .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
