// Draws a mesh's own colours into an atlas.
#include "server/meshes/base_color.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/base/status_macros.h"
#include "server/imaging/decode.h"
#include "server/imaging/layout.h"
#include "server/meshes/uv_raster.h"

namespace phosphene {
namespace {

constexpr int kMaxSize = 16384;
constexpr int64_t kMaxPicturePixels = int64_t{1} << 26;
constexpr int64_t kMaxAllPixels = int64_t{1} << 28;
constexpr int kFillTexels = 16;
constexpr uint8_t kGrey = 128;
constexpr double kMaxSpan = 64;  // of a triangle's UVs, in whole atlases

const std::array<float, 3> kWhite = {1, 1, 1};

bool TellsColor(const Mesh& mesh) {
  return std::any_of(mesh.materials.begin(), mesh.materials.end(),
                     [](const MeshMaterial& material) {
                       return !material.texture.empty() ||
                              material.base_color != kWhite;
                     });
}

bool SameUvs(const Mesh& a, const Mesh& b) {
  if (&a == &b) return a.has_uvs();
  if (!a.has_uvs() || a.uvs.size() != b.uvs.size() ||
      std::memcmp(a.uvs.data(), b.uvs.data(), a.uvs.size() * sizeof(Vec2)) != 0)
    return false;
  return std::equal(a.triangles.begin(), a.triangles.end(), b.triangles.begin(),
                    [](const MeshTriangle& s, const MeshTriangle& t) {
                      return s.uv == t.uv;
                    });
}

uint8_t Rounded(double value) {
  return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0, 255.0)));
}

absl::StatusOr<Image8> DecodePicture(const MeshMaterial& material,
                                     int64_t* pixels_left) {
  DecodeOptions options;
  options.limits.max_side = kMaxSize;
  options.limits.max_pixels = std::min(kMaxPicturePixels, *pixels_left);
  options.apply_orientation = false;  // as glTF has it
  absl::StatusOr<Image8> image = DecodeImage(material.texture, options);
  if (!image.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the picture of material \"", material.name,
                     "\": ", image.status().message()));
  }
  *pixels_left -= int64_t{image->width} * image->height;
  return ConvertChannels(*image, 3);
}

// A picture seen at UVs, bilinear and wrapped.
class Sampler {
 public:
  explicit Sampler(Image8 image) : image_(std::move(image)) {}

  std::array<double, 3> At(double u, double v) const {
    const double x = (u - std::floor(u)) * image_.width - .5;
    const double y = (1 - (v - std::floor(v))) * image_.height - .5;
    const double left = std::floor(x), top = std::floor(y);
    const double right_share = x - left, bottom_share = y - top;
    std::array<double, 3> sum = {};
    for (int i = 0; i < 4; ++i) {
      const double share = (i % 2 ? right_share : 1 - right_share) *
                           (i / 2 ? bottom_share : 1 - bottom_share);
      const uint8_t* const pixel = Pixel(static_cast<int64_t>(left) + i % 2,
                                         static_cast<int64_t>(top) + i / 2);
      for (int c = 0; c < 3; ++c) sum[c] += share * pixel[c];
    }
    return sum;
  }

 private:
  const uint8_t* Pixel(int64_t x, int64_t y) const {
    return &image_.pixels[3 * static_cast<size_t>(WrapTexel(y, image_.height) *
                                                      image_.width +
                                                  WrapTexel(x, image_.width))];
  }

  Image8 image_;
};

class Baker {
 public:
  Baker(const Mesh& original, const Mesh& target, int size)
      : original_(original), target_(target), size_(size) {
    atlas_ = {size, size, 3, {}};
    atlas_.pixels.assign(3 * Texels(), kGrey);
    known_.assign(Texels(), false);
    work_left_ = std::max(int64_t{1} << 28, 4 * static_cast<int64_t>(Texels()));
  }

  absl::StatusOr<Image8> Bake() {
    // Triangles by picture, so that each is decoded once, those without first.
    absl::btree_map<absl::string_view, std::vector<uint32_t>> groups;
    for (uint32_t t = 0; t < original_.triangles.size(); ++t) {
      const int material = original_.triangles[t].material;
      if (material < 0) continue;
      groups[original_.materials[material].texture].push_back(t);
    }
    int64_t pixels_left = kMaxAllPixels;
    for (const auto& [picture, triangles] : groups) {
      std::optional<Sampler> sampler;
      if (!picture.empty()) {
        ASSIGN_OR_RETURN(Image8 image,
                         DecodePicture(MaterialOf(triangles[0]), &pixels_left));
        sampler.emplace(Shrunk(std::move(image)));
      }
      for (uint32_t t : triangles)
        Draw(t, sampler.has_value() ? &*sampler : nullptr);
    }
    FillAround();
    return std::move(atlas_);
  }

 private:
  size_t Texels() const { return static_cast<size_t>(size_) * size_; }
  const MeshMaterial& MaterialOf(uint32_t triangle) const {
    return original_.materials[original_.triangles[triangle].material];
  }

  Image8 Shrunk(Image8 image) const {
    if (!original_.has_uvs()) return Resize(image, 1, 1);
    const ImageSize fit = FitWithin(image.width, image.height, 2 * size_);
    if (fit.width == image.width && fit.height == image.height) return image;
    return Resize(image, fit.width, fit.height);
  }

  void Draw(uint32_t t, const Sampler* sampler) {
    if (work_left_ <= 0) return;
    const auto& to = target_.triangles[t].uv;
    const AtlasCorners at = MoveToFirstAtlas(
        target_.uvs[to[0]], target_.uvs[to[1]], target_.uvs[to[2]], size_);
    const double span = kMaxSpan * size_;
    for (const auto& corner : at)
      if (corner[0] > span || corner[1] > span) return;
    std::array<Vec2, 3> from = {};
    if (original_.has_uvs()) {
      for (int i = 0; i < 3; ++i)
        from[i] = original_.uvs[original_.triangles[t].uv[i]];
    }
    const std::array<float, 3>& tint = MaterialOf(t).base_color;
    ForEachTexelRow(
        SnapToTexels(at), [&](int64_t y, int64_t begin, int64_t end) {
          work_left_ -= 1 + end - begin;
          for (int64_t x = begin; x < end && work_left_ > 0; ++x) {
            std::array<double, 3> color = {255, 255, 255};
            if (sampler != nullptr) {
              const auto [u, v] = Interpolated(at, from, x + .5, y + .5);
              color = sampler->At(u, v);
            }
            const size_t texel = TexelAt(x, y);
            known_[texel] = true;
            for (int c = 0; c < 3; ++c)
              atlas_.pixels[3 * texel + c] = Rounded(color[c] * tint[c]);
          }
        });
  }

  // Rows of the picture run down, v runs up.
  size_t TexelAt(int64_t x, int64_t y) const {
    return static_cast<size_t>((size_ - 1 - WrapTexel(y, size_)) * size_ +
                               WrapTexel(x, size_));
  }

  static std::array<double, 2> Interpolated(const AtlasCorners& at,
                                            const std::array<Vec2, 3>& from,
                                            double x, double y) {
    const auto turn = [](const auto& a, const auto& b, double px, double py) {
      return (b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0]);
    };
    const double area = turn(at[0], at[1], at[2][0], at[2][1]);
    if (area == 0) return {from[0].x, from[0].y};
    const double b = turn(at[2], at[0], x, y) / area;
    const double c = turn(at[0], at[1], x, y) / area;
    const double a = 1 - b - c;
    return {a * from[0].x + b * from[1].x + c * from[2].x,
            a * from[0].y + b * from[1].y + c * from[2].y};
  }

  // Texels beside known ones get the mean of these, ring by ring.
  void FillAround() {
    std::vector<uint32_t> ring = UnknownBeside();
    for (int i = 0; i < kFillTexels && !ring.empty(); ++i) {
      std::vector<std::array<uint8_t, 3>> colors;
      colors.reserve(ring.size());
      for (uint32_t texel : ring) colors.push_back(MeanAround(texel));
      for (size_t k = 0; k < ring.size(); ++k) {
        std::copy(colors[k].begin(), colors[k].end(),
                  &atlas_.pixels[3 * size_t{ring[k]}]);
        known_[ring[k]] = true;
      }
      std::vector<uint32_t> next;
      for (uint32_t texel : ring) {
        ForNeighbours(texel, [&](uint32_t other) {
          if (!known_[other]) next.push_back(other);
        });
      }
      std::sort(next.begin(), next.end());
      next.erase(std::unique(next.begin(), next.end()), next.end());
      ring = std::move(next);
    }
  }

  std::vector<uint32_t> UnknownBeside() const {
    std::vector<uint32_t> ring;
    for (uint32_t texel = 0; texel < Texels(); ++texel) {
      if (known_[texel]) continue;
      bool beside = false;
      ForNeighbours(texel, [&](uint32_t other) { beside |= known_[other]; });
      if (beside) ring.push_back(texel);
    }
    return ring;
  }

  template <typename Visit>
  void ForNeighbours(uint32_t texel, Visit visit) const {
    const int64_t x = texel % size_, y = texel / size_;
    for (int dy = -1; dy <= 1; ++dy)
      for (int dx = -1; dx <= 1; ++dx)
        if (dx != 0 || dy != 0)
          visit(static_cast<uint32_t>(WrapTexel(y + dy, size_) * size_ +
                                      WrapTexel(x + dx, size_)));
  }

  std::array<uint8_t, 3> MeanAround(uint32_t texel) const {
    int sum[3] = {}, count = 0;
    ForNeighbours(texel, [&](uint32_t other) {
      if (!known_[other]) return;
      ++count;
      for (int c = 0; c < 3; ++c)
        sum[c] += atlas_.pixels[3 * size_t{other} + c];
    });
    std::array<uint8_t, 3> mean;
    for (int c = 0; c < 3; ++c)
      mean[c] = static_cast<uint8_t>((sum[c] + count / 2) / count);
    return mean;
  }

  const Mesh& original_;
  const Mesh& target_;
  const int64_t size_;
  Image8 atlas_;
  std::vector<bool> known_;
  int64_t work_left_ = 0;
};

// The material of all triangles, when it is one and has a picture.
const MeshMaterial* OnlyPicture(const Mesh& mesh) {
  const int material = mesh.triangles[0].material;
  for (const MeshTriangle& triangle : mesh.triangles)
    if (triangle.material != material) return nullptr;
  if (material < 0 || mesh.materials[material].texture.empty()) return nullptr;
  return &mesh.materials[material];
}

}  // namespace

absl::StatusOr<std::optional<Image8>> BakeBaseColor(const Mesh& original,
                                                    const Mesh& target,
                                                    int size) {
  if (size < 1 || size > kMaxSize) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the picture's side is ", size, "; allowed is 1..", kMaxSize));
  }
  if (original.triangles.empty() || !target.has_uvs() ||
      original.triangles.size() != target.triangles.size()) {
    return absl::InvalidArgumentError(
        "the meshes have different triangles, or the target no UVs");
  }
  if (!TellsColor(original)) return std::optional<Image8>();
  if (const MeshMaterial* only = OnlyPicture(original);
      only != nullptr && SameUvs(original, target)) {
    int64_t pixels_left = kMaxAllPixels;
    ASSIGN_OR_RETURN(const Image8 picture, DecodePicture(*only, &pixels_left));
    Image8 resized = Resize(picture, size, size);
    for (size_t i = 0; i < resized.pixels.size(); ++i)
      resized.pixels[i] =
          Rounded(resized.pixels[i] * double{only->base_color[i % 3]});
    return std::optional<Image8>(std::move(resized));
  }
  ASSIGN_OR_RETURN(Image8 baked, Baker(original, target, size).Bake());
  return std::optional<Image8>(std::move(baked));
}

}  // namespace phosphene
