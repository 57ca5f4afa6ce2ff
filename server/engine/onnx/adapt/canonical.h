#pragma once

#include <string>

#include "server/engine/onnx/adapt/image_form.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// Lets a graph whose input `image` is of that form be given [N,C,H,W] instead,
// by the same name. Where nodes only change numbers place by place and move
// axes until they are N, C, H, W, their values are held in that order from the
// beginning and the moves fall away, so that the graph is the one it would be
// had it been written for [N,C,H,W]. Whoever else reads a value in the file's
// order gets it turned by nodes of adapted names.
//
// With `copies` above 1 the picture stands `copies` times among the rows.
// REQUIRES: sorted; sizes that `form` states are those of the input.
void MakeCanonical(const ImageForm& form, const std::string& image,
                   int64_t copies, Graph* graph);

// Casts of the image to other types fall away: it is given in floating point,
// and gradients go through.
void DropImageCasts(const std::string& image, Graph* graph);

}  // namespace phosphene::onnx
