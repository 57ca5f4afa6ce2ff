#pragma once

#include "absl/strings/string_view.h"
#include "phosphene/v1/optimizer.pb.h"
#include "server/base/faults.h"

namespace phosphene {

// Adds a fault for everything out of range in a learning-rate schedule.
void CheckSchedule(const v1::LearningRateSchedule& schedule,
                   absl::string_view path, Faults& faults);

}  // namespace phosphene
