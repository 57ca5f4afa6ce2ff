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
  double rough = 0;  // mean difference of neighbours along lines and columns
};
// Of each row of an image batch [rows,C,H,W] f32 0..1, of its first three
// channels.
std::vector<EndValues> EndValuesOf(const at::Tensor& batch);

// A sentence where most of a finished picture is at its ends and noise, or
// nearly all of it of one colour, with the likely cause and what to change;
// none for others. Vivid pictures have up to half of their values there, in
// smooth shapes (measured over every preset and the pictures of docs/: at most
// 0.49 of the values, neighbours 0.03 apart; learning rates of 100 times the
// default: 0.81..1.00, and 0.21..0.28). Draws the canvas once, of a large one
// at most 4 million pixels where it can be drawn in parts; nothing where no
// step was made. `steps` were made.
std::vector<std::string> PictureNotes(const v1::JobSpec& spec, int64_t steps,
                                      Param& param);

}  // namespace phosphene
