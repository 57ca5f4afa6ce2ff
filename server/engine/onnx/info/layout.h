#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "server/engine/onnx/file/graph.h"
#include "server/engine/onnx/info/axes.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene::onnx {

// Where a value keeps the rows of the batch and its channels. Transformers hold
// tokens as [N,T,C] or [T,N,C], Swin windows as [N*k,T,C], ConvNeXt pictures as
// [N,H,W,C].
struct Layout {
  int64_t batch_axis = 0;
  int64_t channel_axis = 1;
};

// Layouts of the values whose shapes are known for one image: the batch axis is
// the one that doubles for two, the channel axis is told by FindChannelAxes.
// Values of which none or several axes double are left out: they have no rows.
// Where two images do not run, and with `single` (the network is only ever run
// on one image), the first axis that is not the channels' counts as the
// batch's.
std::map<std::string, Layout> FindLayouts(const Graph& graph,
                                          const std::string& image,
                                          const KnownShapes& shapes,
                                          bool single);

// The value as [N,C,h,w], or [N,C] of two axes: channels moved to axis 1;
// positions of more or fewer axes than two become h x w where they are a
// square number of tokens, else a column [N,C,P,1].
// Throws c10::Error when the rows of the batch cannot be told apart.
at::Tensor ChannelsFirst(const at::Tensor& value, const Layout& layout,
                         int64_t rows);

}  // namespace phosphene::onnx
