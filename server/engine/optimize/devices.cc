// The devices of this machine, and how many cores this process may use.

#include "server/engine/optimize/devices.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/memory_limit.h"
#include "server/engine/cuda/cuda_devices.h"

namespace phosphene {
namespace {

// Of the first core, as the kernel names it; "CPU" where it does not.
std::string CpuName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    const size_t colon = line.find(':');
    if (absl::StartsWith(line, "model name") && colon != std::string::npos) {
      return std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
    }
  }
  return "CPU";
}

}  // namespace

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return 1;
  return std::max(1, CPU_COUNT(&set));
}

std::vector<EngineDevice> ListEngineDevices(int threads) {
  EngineDevice cpu;
  cpu.name = "cpu:0";
  cpu.description = CpuName();
  cpu.kind = v1::Device::CPU;
  cpu.memory_bytes = MemoryLimit();
  cpu.threads = threads > 0 ? threads : UsableCores();
  std::vector<EngineDevice> devices = {cpu};
  for (EngineDevice& gpu : CudaDevices()) devices.push_back(std::move(gpu));
  return devices;
}

absl::StatusOr<std::string> TorchDeviceName(absl::string_view device) {
  if (device.empty() || device == "cpu" || device == "cpu:0")
    return std::string("cpu");
  std::vector<std::string> names;
  for (const EngineDevice& known : ListEngineDevices(0)) {
    if (device == known.name) return known.name;
    names.push_back(known.name);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no device \"", device, "\"; there are ", absl::StrJoin(names, ", ")));
}

}  // namespace phosphene
