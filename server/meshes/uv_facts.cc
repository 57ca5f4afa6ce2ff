// Counts triangles over texels.
#include "server/meshes/uv_facts.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/meshes/uv_raster.h"
#include "server/meshes/vector_math.h"

namespace phosphene {
namespace {

constexpr int64_t kMaxWork = int64_t{1} << 28;
constexpr double kMaxSpan = 64;  // of a triangle, in whole atlases
constexpr double kNotableOverlap = .01;

class Counter {
 public:
  explicit Counter(int size) : size_(size), hits_(size_ * size_) {}

  void Add(const Vec2& a, const Vec2& b, const Vec2& c) {
    const double width = std::max({a.x, b.x, c.x}) - std::min({a.x, b.x, c.x});
    const double height = std::max({a.y, b.y, c.y}) - std::min({a.y, b.y, c.y});
    full_ = full_ || work_ > kMaxWork || width > kMaxSpan ||
            height > kMaxSpan || std::abs(SignedArea(a, b, c)) > 4;
    if (full_) return;
    const UvTriangle triangle = SnapToTexels(MoveToFirstAtlas(a, b, c, size_));
    work_ += static_cast<int64_t>(height * static_cast<double>(size_));
    ForEachTexelRow(triangle, [&](int64_t y, int64_t begin, int64_t end) {
      uint8_t* const row = &hits_[WrapTexel(y, size_) * size_];
      work_ += end - begin;
      int64_t x = WrapTexel(begin, size_);
      for (int64_t i = begin; i < end; ++i) {
        if (row[x] < 2) ++row[x];
        if (++x == size_) x = 0;
      }
    });
  }

  double Share(int least) const {
    if (full_) return 1;
    const auto hit = std::count_if(hits_.begin(), hits_.end(),
                                   [&](uint8_t n) { return n >= least; });
    return static_cast<double>(hit) / static_cast<double>(hits_.size());
  }

 private:
  const int64_t size_;
  std::vector<uint8_t> hits_;  // 2 stands for more
  int64_t work_ = 0;
  bool full_ = false;
};

}  // namespace

UvFacts FindUvFacts(const Mesh& mesh, int size) {
  UvFacts facts;
  if (!mesh.has_uvs() || mesh.triangles.empty()) return facts;
  for (const Vec2& uv : mesh.uvs) {
    facts.outside =
        facts.outside || uv.x < 0 || uv.x > 1 || uv.y < 0 || uv.y > 1;
  }
  Counter counter(size);
  int64_t flipped = 0, collapsed = 0;
  for (const MeshTriangle& triangle : mesh.triangles) {
    const Vec2 &a = mesh.uvs[triangle.uv[0]], &b = mesh.uvs[triangle.uv[1]],
               &c = mesh.uvs[triangle.uv[2]];
    const double area = SignedArea(a, b, c);
    flipped += area < 0;
    collapsed += area == 0;
    counter.Add(a, b, c);
  }
  const auto triangles = static_cast<double>(mesh.triangles.size());
  facts.flipped = static_cast<double>(flipped) / triangles;
  facts.collapsed = static_cast<double>(collapsed) / triangles;
  facts.charted = counter.Share(1);
  if (facts.charted > 0) facts.overlap = counter.Share(2) / facts.charted;
  return facts;
}

std::string UvNote(const UvFacts& facts) {
  if (facts.overlap <= kNotableOverlap) return "";
  return absl::StrCat(
      std::lround(100 * facts.overlap),
      " % of the texture is used by several places of the surface, which will "
      "look alike; new UVs (unwrap) give each its own");
}

}  // namespace phosphene
