#pragma once

#include <string>
#include <vector>

#include "server/engine/objectives/interface.h"

namespace phosphene {

// An objective that is a smooth function of sums over positions: of the whole
// view or of its tiles, by one definition. A kind writes SumsOf and Finish, and
// says `.why_not_tiled = SumsUp`.
class Summed : public ObjectiveFn {
 public:
  at::Tensor Value(const StepView& view) final {
    return Finish(SumsOf(view), view);
  }
  bool in_tiles() const override { return reads_network_; }
  Sums SumsOf(const StepView& tile) override = 0;
  at::Tensor Finish(const Sums& sums, const StepView& view) override = 0;

 protected:
  // The layers it reads, resolved.
  explicit Summed(const std::vector<std::string>& layers);

 private:
  bool reads_network_ = false;
};

// [rows] sums over positions of [rows,h,w], and how many those are.
Sums OverPlaces(const at::Tensor& values);
// [rows] sums of [rows,C,h,w], and how many values those are.
Sums OverValues(const at::Tensor& values);
// The mean that OverPlaces or OverValues sums up to: [rows].
at::Tensor MeanOf(const Sums& sums);

}  // namespace phosphene
