// A build without CUDA draws on the CPU alone; nobody should get here.

#include "server/engine/cuda/raster_launch.h"

namespace phosphene {
namespace {
constexpr char kAbsent[] = "this build has no CUDA";
}

const char* LaunchRasterKeys(const RasterLaunch& launch, uint64_t* keys) {
  return kAbsent;
}
const char* LaunchRasterFragments(const RasterLaunch& launch,
                                  int64_t first_pixel, int64_t begin,
                                  int64_t end, const FragmentArrays& to) {
  return kAbsent;
}

}  // namespace phosphene
