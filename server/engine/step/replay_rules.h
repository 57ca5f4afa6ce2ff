#pragma once

#include <string>

#include "phosphene/v1/job.pb.h"

namespace phosphene {

// Whether the steps of a job may be recorded once and replayed: a step must be
// the same device work each time, up to what it draws on the host. Empty for
// yes; else the reason, such as "optimizer.sgd: its learning rate comes from
// the host", to follow "steps run one operation at a time: ". Pure.
std::string WhyNotReplayed(const v1::JobSpec& spec);

}  // namespace phosphene
