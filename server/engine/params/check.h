#pragma once

#include "absl/strings/string_view.h"
#include "phosphene/v1/parameterization.pb.h"
#include "server/base/faults.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// Checks shared by the arms, beside base/range_fault.h. Each adds a fault at
// `field` that names the value and what is allowed.

// A standard deviation: finite and >= 0.
void CheckSd(double sd, absl::string_view field, Faults& faults);
// `blobs/` and 64 lower-case hexadecimal digits.
void CheckBlobName(absl::string_view name, absl::string_view field,
                   Faults& faults);

// The parts of a Parameterization outside its arm.
void CheckCanvas(const v1::Parameterization& spec, absl::string_view path,
                 Faults& faults);
void CheckColor(const v1::ColorSpace& spec, int64_t channels,
                absl::string_view path, Faults& faults);
void CheckInit(const v1::Parameterization& spec, absl::string_view path,
               Faults& faults);

}  // namespace phosphene
