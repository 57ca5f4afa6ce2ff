#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "server/engine/objectives/interface.h"
#include "server/engine/step/lanes.h"
#include "server/engine/step/parts.h"
#include "server/engine/step/step.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// The way from parameters to what objectives look at, one noun after the other;
// shared by the steppers. Confined to a thread.
class Sight {
 public:
  // Must outlive this.
  explicit Sight(Parts& parts) : parts_(parts) {}

  void set_times(StepTimes* times) { times_ = times; }

  // [rows,C,H,W] before transforms, with gradient.
  at::Tensor Image(const Lane& lane);
  // The image and the companions behind it through the transforms; no
  // activations yet. Throws Refused: a companion smaller than the canvas.
  StepView View(const at::Tensor& image, const Lane& lane);
  // The wanted layers of `input` [N,C,h,w]; none without a network. Throws
  // Refused: a size the network does not take.
  std::map<std::string, at::Tensor> Activations(const at::Tensor& input,
                                                const Lane& lane);

 private:
  at::Tensor WithCompanions(const at::Tensor& image, const Lane& lane) const;

  Parts& parts_;
  StepTimes* times_ = nullptr;
  // Heights and widths that went through the network.
  std::set<std::pair<int64_t, int64_t>> ran_;
};

}  // namespace phosphene
