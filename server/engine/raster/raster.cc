// Views of a mesh: projected, binned and drawn in bands on the CPU, or handed
// to the GPU's kernels.

#include "server/engine/raster/raster.h"

#include <algorithm>
#include <map>

#include "server/engine/cuda/raster_launch.h"
#include "server/engine/raster/raster_kernels.h"
#include "server/engine/raster/raster_view.h"
#include "server/engine/tensor/width.h"

namespace phosphene {
namespace {

// Triangles set up by one thread at a time.
constexpr int64_t kChunkTriangles = 8192;
constexpr int64_t kChunkVertices = 16384;

void CheckCamera(const Camera& camera) {
  TORCH_CHECK(camera.field_of_view > 0 && camera.field_of_view < 180,
              "a camera's field of view is above 0 and below 180 degrees, not ",
              camera.field_of_view);
  TORCH_CHECK(camera.near > 0 && camera.aspect >= 0,
              "a camera's near plane is above 0, its aspect not below");
}

// Tensors of n fragments; `triangle` is the caller's.
RasterViews Allocate(int64_t views, int64_t height, int64_t width, int64_t n,
                     const RasterOptions& options) {
  RasterViews out;
  out.views = views;
  out.height = height;
  out.width = width;
  const auto floats = at::device(options.device).dtype(at::kFloat);
  out.pixel = at::empty({n}, floats.dtype(at::kLong));
  out.face = at::empty({n}, floats.dtype(at::kInt));
  out.uv = at::empty({2, n}, floats);
  out.uv_dx = at::empty({2, n}, floats);
  out.uv_dy = at::empty({2, n}, floats);
  if (options.barycentric) out.barycentric = at::empty({3, n}, floats);
  if (options.position) out.position = at::empty({3, n}, floats);
  if (options.facing) out.facing = at::empty({n}, floats);
  return out;
}

float* PointerOf(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.mutable_data_ptr<float>() : nullptr;
}

FragmentArrays ArraysOf(const RasterViews& views) {
  FragmentArrays out;
  out.count = views.fragments();
  out.pixel = views.pixel.mutable_data_ptr<int64_t>();
  out.face = views.face.mutable_data_ptr<int32_t>();
  out.uv = PointerOf(views.uv);
  out.uv_dx = PointerOf(views.uv_dx);
  out.uv_dy = PointerOf(views.uv_dy);
  out.barycentric = PointerOf(views.barycentric);
  out.position = PointerOf(views.position);
  out.facing = PointerOf(views.facing);
  return out;
}

// Views one after the other in one result.
RasterViews Joined(const std::vector<RasterViews>& parts,
                   const at::Tensor& triangle) {
  RasterViews out = parts[0];
  out.triangle = triangle;
  out.views = triangle.size(0);
  if (parts.size() == 1) return out;
  const auto join = [&](at::Tensor RasterViews::*member, int64_t dim) {
    if (!(parts[0].*member).defined()) return;
    std::vector<at::Tensor> all;
    for (const RasterViews& part : parts) all.push_back(part.*member);
    out.*member = at::cat(all, dim);
  };
  join(&RasterViews::pixel, 0);
  join(&RasterViews::face, 0);
  join(&RasterViews::uv, 1);
  join(&RasterViews::uv_dx, 1);
  join(&RasterViews::uv_dy, 1);
  join(&RasterViews::barycentric, 1);
  join(&RasterViews::position, 1);
  join(&RasterViews::facing, 0);
  return out;
}

void CheckLaunched(const char* wrong) {
  TORCH_CHECK(wrong == nullptr, "the rasterizer could not start: ", wrong);
}

template <typename T>
at::Tensor Uploaded(const T* data, int64_t count, at::ScalarType type,
                    at::Device device) {
  return at::from_blob(const_cast<T*>(data), {count}, at::dtype(type))
      .to(device);
}

// A mesh on a GPU.
struct DeviceMesh {
  at::Tensor positions, uvs, triangles, normals;

  DeviceMesh(const RasterMesh& mesh, at::Device device) {
    const RasterGeometry g = GeometryOf(mesh);
    const auto count = [](const auto& items) {
      return static_cast<int64_t>(items.size());
    };
    positions =
        Uploaded(g.positions, 3 * count(mesh.positions), at::kFloat, device);
    uvs = Uploaded(g.uvs, 2 * count(mesh.uvs), at::kFloat, device);
    triangles =
        Uploaded(g.triangles, 6 * count(mesh.triangles), at::kInt, device);
    normals = Uploaded(g.normals, 3 * count(mesh.normals), at::kFloat, device);
  }
  RasterGeometry Geometry(const RasterMesh& mesh) const {
    RasterGeometry out = GeometryOf(mesh);
    out.positions = positions.const_data_ptr<float>();
    out.uvs = uvs.const_data_ptr<float>();
    out.triangles = triangles.const_data_ptr<int32_t>();
    out.normals = normals.const_data_ptr<float>();
    return out;
  }
};

}  // namespace

struct Rasterizer::Scratch {
  std::vector<ScreenVertex> vertices;
  std::vector<PrimList> chunks;
  PrimList list;
  PrimBins bins;
  std::vector<int32_t> nearest;
  std::map<int, DeviceMesh> on_device;

  void Setup(const RasterView& view, const RasterGeometry& mesh);
  RasterViews DrawOne(const RasterView& view, const RasterGeometry& mesh,
                      int64_t number, const RasterOptions& options,
                      int32_t* triangle);
};

// Vertices and triangles in chunks of a fixed size, joined in their order.
void Rasterizer::Scratch::Setup(const RasterView& view,
                                const RasterGeometry& mesh) {
  vertices.resize(mesh.position_count);
  WideFor(mesh.position_count, kChunkVertices, [&](int64_t begin, int64_t end) {
    ProjectVertices(view, mesh, begin, end, vertices.data());
  });
  const int64_t count =
      (mesh.triangle_count + kChunkTriangles - 1) / kChunkTriangles;
  chunks.resize(count);
  WideFor(count, 1, [&](int64_t begin, int64_t end) {
    for (int64_t c = begin; c < end; ++c) {
      chunks[c].prims.clear();
      chunks[c].weights.clear();
      SetupTriangles(
          view, mesh, vertices.data(), c * kChunkTriangles,
          std::min<int64_t>((c + 1) * kChunkTriangles, mesh.triangle_count),
          &chunks[c]);
    }
  });
  list.prims.clear();
  list.weights.clear();
  for (const PrimList& chunk : chunks) {
    const int32_t base = static_cast<int32_t>(list.weights.size());
    for (RasterPrim prim : chunk.prims) {
      if (prim.weights >= 0) prim.weights += base;
      list.prims.push_back(prim);
    }
    list.weights.insert(list.weights.end(), chunk.weights.begin(),
                        chunk.weights.end());
  }
  BinPrims(list.prims, view.height, &bins);
}

RasterViews Rasterizer::Scratch::DrawOne(const RasterView& view,
                                         const RasterGeometry& mesh,
                                         int64_t number,
                                         const RasterOptions& options,
                                         int32_t* triangle) {
  Setup(view, mesh);
  const int64_t stride =
      (view.width + kRasterLanes - 1) / kRasterLanes * kRasterLanes;
  const int64_t bands = (view.height + kBandRows - 1) / kBandRows;
  nearest.resize(stride * view.height);
  const auto band_of = [&](int64_t b) {
    RasterBand band;
    band.top = static_cast<int32_t>(b * kBandRows);
    band.bottom = std::min(band.top + kBandRows, view.height);
    band.width = view.width;
    band.stride = static_cast<int32_t>(stride);
    return band;
  };
  std::vector<int64_t> first(bands + 1, 0);
  WideFor(bands, 1, [&](int64_t begin, int64_t end) {
    std::vector<float> depth(stride * kBandRows);
    for (int64_t b = begin; b < end; ++b) {
      first[b + 1] =
          DrawBand(band_of(b), list.prims, bins.at.data() + bins.begin[b],
                   bins.begin[b + 1] - bins.begin[b], depth.data(),
                   nearest.data() + b * kBandRows * stride);
    }
  });
  for (int64_t b = 0; b < bands; ++b) first[b + 1] += first[b];
  const int64_t pixels = int64_t{view.height} * view.width;
  RasterViews out = Allocate(1, view.height, view.width, first[bands], options);
  const FragmentArrays arrays = ArraysOf(out);
  WideFor(bands, 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      WriteBand(view, mesh, band_of(b), list,
                nearest.data() + b * kBandRows * stride, number * pixels,
                first[b], arrays, triangle + b * kBandRows * view.width);
    }
  });
  return out;
}

Rasterizer::Rasterizer(const RasterMesh& mesh)
    : mesh_(mesh), scratch_(std::make_unique<Scratch>()) {}
Rasterizer::~Rasterizer() = default;

RasterViews Rasterizer::Draw(absl::Span<const Camera> cameras, int64_t height,
                             int64_t width, const RasterOptions& options) {
  const int64_t views = static_cast<int64_t>(cameras.size());
  TORCH_CHECK(views > 0 && height > 0 && width > 0 && height <= kMaxViewSide &&
                  width <= kMaxViewSide &&
                  views <= kMaxViewPixels / (height * width),
              "cannot draw ", views, " views of ", width, "x", height);
  for (const Camera& camera : cameras) CheckCamera(camera);
  if (options.device.is_cuda())
    return DrawOnCuda(cameras, height, width, options);
  at::Tensor triangle = at::empty({views, height, width}, at::kInt);
  std::vector<RasterViews> parts;
  for (int64_t v = 0; v < views; ++v) {
    parts.push_back(scratch_->DrawOne(
        ViewOf(cameras[v], height, width), GeometryOf(mesh_), v, options,
        triangle.mutable_data_ptr<int32_t>() + v * height * width));
  }
  return Joined(parts, triangle);
}

// Keys for all views first, then one list of the pixels that show something.
RasterViews Rasterizer::DrawOnCuda(absl::Span<const Camera> cameras,
                                   int64_t height, int64_t width,
                                   const RasterOptions& options) {
  const int64_t views = static_cast<int64_t>(cameras.size());
  const int64_t pixels = height * width;
  const int index = std::max<int>(0, options.device.index());
  const DeviceMesh& mesh =
      scratch_->on_device.try_emplace(index, mesh_, options.device)
          .first->second;
  RasterLaunch launch;
  launch.mesh = mesh.Geometry(mesh_);
  launch.device = index;
  const at::Tensor keys =
      at::zeros({views, pixels}, at::device(options.device).dtype(at::kLong));
  uint64_t* key = reinterpret_cast<uint64_t*>(keys.mutable_data_ptr<int64_t>());
  for (int64_t v = 0; v < views; ++v) {
    launch.view = ViewOf(cameras[v], height, width);
    CheckLaunched(LaunchRasterKeys(launch, key + v * pixels));
  }
  const at::Tensor shown = keys.ne(0);
  const at::Tensor triangle =
      at::where(shown, 0xffffffffll - keys.bitwise_and(0xffffffffll), -1)
          .to(at::kInt)
          .view({views, height, width});
  const at::Tensor pixel = at::nonzero(shown.view({-1})).view({-1});
  RasterViews out = Allocate(views, height, width, pixel.size(0), options);
  out.triangle = triangle;
  out.pixel = pixel.contiguous();
  out.face = triangle.view({-1}).index_select(0, pixel);
  const at::Tensor counts = shown.sum(1).cpu();
  const FragmentArrays arrays = ArraysOf(out);
  int64_t begin = 0;
  for (int64_t v = 0; v < views; ++v) {
    launch.view = ViewOf(cameras[v], height, width);
    const int64_t end = begin + counts.const_data_ptr<int64_t>()[v];
    CheckLaunched(
        LaunchRasterFragments(launch, v * pixels, begin, end, arrays));
    begin = end;
  }
  return out;
}

at::Tensor CoverageOf(const RasterViews& views) {
  return views.triangle.ge(0).to(at::kFloat).unsqueeze(1);
}

}  // namespace phosphene
