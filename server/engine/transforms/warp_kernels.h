#pragma once

// Plain kernels of image warps; no torch here. One call moves one plane (one
// channel of one image) and runs on one thread, so a result never depends on
// the number of threads. Backward gathers, or scatters within its own plane in
// a fixed order: deterministic, no atomics.

#include <cstdint>

namespace phosphene {

// A plane in memory, strides in elements: planar images have pixel_stride 1,
// channels_last ones the number of channels.
struct WarpPlane {
  int64_t height = 0;
  int64_t width = 0;
  int64_t row_stride = 0;
  int64_t pixel_stride = 1;
};

// A warp in two stages. Stage 1 is separable and makes a stage image
// [height, width]:
//   row-wise  t[r][j] = v(r, x0[j]) + (v(r, x1[j]) - v(r, x0[j])) * wx[j]
//   then      s[i][j] = t[y0[i]][j] + (t[y1[i]][j] - t[y0[i]][j]) * wy[i]
// (TF1's bilinear formula; without `bilinear` s[i][j] = v(y0[i], x0[j])).
// An index -1-k stands for the constant fills[k]; where rows and columns
// disagree the larger k, the later transform, wins. Stage 2, present when
// taps > 0, picks output pixels from s: output p is
//   sum over t < taps of pick_weight[p*taps+t] * s[pick[p*taps+t]]
// (weights only when taps > 1).
struct WarpParams {
  WarpPlane in;
  WarpPlane out;
  int64_t height = 0;  // of the stage image; the output's without stage 2
  int64_t width = 0;
  bool bilinear = false;
  const int32_t* y0 = nullptr;  // [height]
  const int32_t* y1 = nullptr;
  const float* wy = nullptr;
  const int32_t* x0 = nullptr;  // [width]
  const int32_t* x1 = nullptr;
  const float* wx = nullptr;
  const float* fills = nullptr;  // [fill_count]
  int64_t fill_count = 0;
  int taps = 0;                        // 0, 1 (nearest) or 4 (bilinear)
  const int32_t* pick = nullptr;       // [out.height*out.width*taps]
  const float* pick_weight = nullptr;  // the same, when taps == 4
};

// The transpose of one axis of stage 1: source index k receives from
// `count` stage positions, target[t*size+k] with weight[t*size+k] (zero where
// there are fewer).
struct WarpTranspose {
  int64_t size = 0;
  int64_t count = 0;
  const int32_t* target = nullptr;
  const float* weight = nullptr;
};

// Floats of scratch either direction needs.
int64_t WarpScratchSize(const WarpParams& params);

void WarpForward(const WarpParams& params, const float* in, float* out,
                 float* scratch);

// Overwrites grad_in with the adjoint of the linear part.
void WarpBackward(const WarpParams& params, const WarpTranspose& rows,
                  const WarpTranspose& columns, const float* grad_out,
                  float* grad_in, float* scratch);

// A rotation of a [height, width] image about its centre, from output to input
// pixel: x_in = c*x - s*y + x_offset, y_in = s*x + c*y + y_offset, in f32 as
// TensorFlow's contrib.image.rotate.
struct WarpRotation {
  float c = 1, s = 0, x_offset = 0, y_offset = 0;
  int64_t height = 0;
  int64_t width = 0;
};

// Fills `pick` for one output row: output column j shows rotated pixel
// (y, columns[j]). Outside the image: `outside`, and -1-k of columns[j] stays.
void RotateNearestRow(const WarpRotation& rotation, int32_t y,
                      const int32_t* columns, int64_t count, int32_t outside,
                      int32_t* pick);
// Four taps and weights per pixel.
void RotateBilinearRow(const WarpRotation& rotation, int32_t y,
                       const int32_t* columns, int64_t count, int32_t outside,
                       int32_t* pick, float* weight);

}  // namespace phosphene
