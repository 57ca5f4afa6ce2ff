#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/engine/engine.h"

namespace phosphene {

// Cores this process may run on, at least 1.
int UsableCores();

// The CPU (its name, all memory, `threads` or all usable cores), then GPUs.
std::vector<EngineDevice> ListEngineDevices(int threads);

// "cpu", "cpu:0" or "" is the CPU, "cuda:1" a GPU of ListEngineDevices.
// INVALID_ARGUMENT names the devices there are. The result is what torch
// parses: "cpu" or "cuda:1".
absl::StatusOr<std::string> TorchDeviceName(absl::string_view device);

}  // namespace phosphene
