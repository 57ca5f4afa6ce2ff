#pragma once

#include <map>
#include <string>

#include "server/engine/step/eager.h"
#include "server/engine/step/view.h"

namespace phosphene {

// The step as it is written down: the whole image through the whole network,
// one operation at a time.
class WholeStepper : public EagerStepper {
 public:
  // Must outlive this.
  explicit WholeStepper(Parts& parts) : EagerStepper(parts), sight_(parts) {}

  void set_times(StepTimes* times) override;

  // Minus the objectives' total at the lane's step, [rows] with gradient; what
  // they came to goes to `tally`. For steppers built upon this one. May throw
  // Refused.
  at::Tensor Losses(const Lane& lane, Tally* tally);

 protected:
  Tally Differentiate(const Lane& lane) override;

 private:
  Sight sight_;
};

}  // namespace phosphene
