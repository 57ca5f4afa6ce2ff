#pragma once

#include <string>
#include <vector>

#include "phosphene/v1/job.pb.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// How a picture looks that settings drove too far.
struct EndValues {
  double share = 0;  // of its values (a channel of a pixel) below 1/255 or
                     // above 254/255
  double near = 0;   // of its values below 0.05 or above 0.95
  double rough = 0;  // mean difference of neighbours along lines and columns
};
// Of each row of an image batch [rows,C,H,W] f32 0..1, of its first three
// channels.
std::vector<EndValues> EndValuesOf(const at::Tensor& batch);

// A sentence where most of a finished picture is at its ends and noise, or
// nearly all of it of one colour, with the likely cause and what to change;
// none for others. What counts as too far depends on whether a setting asked
// for it:
// - A learning rate of 3 times the default or more, or a power of 3 or more:
//   `near` above 0.45 and `rough` above 0.07. Measured on the embedded network
//   (96 x 96, 64 steps; Fourier and pixel, with and without transforms):
//   10 times the default 0.48..0.78 and 0.13..0.34, Laplacian 0.88 and 0.08;
//   100 times 0.99 and 0.15, Laplacian 0.99 and 0.08; 3 times 0.14 and 0.12,
//   which is a vivid picture and has no note.
// - Settings as usual: `share` above 0.6 and `rough` above 0.12, since vivid
//   pictures come near the above (pictures of docs/: at most 0.69 and 0.06, or
//   0.45 and 0.11; `share` at most 0.63, and then smooth).
// Draws the canvas once, of a large one at most 4 million pixels where it can
// be drawn in parts; nothing where no step was made. `steps` were made.
std::vector<std::string> PictureNotes(const v1::JobSpec& spec, int64_t steps,
                                      Param& param);

}  // namespace phosphene
