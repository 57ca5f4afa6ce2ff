#pragma once

#include <cstdint>
#include <vector>

#include "server/engine/transforms/interface.h"

namespace phosphene {

// The transforms a `preset` arm stands for on an image of that size (pixels);
// none for NONE. per_row is handed on.
std::vector<v1::Transform> PresetMembers(const v1::Transform& spec,
                                         int64_t height, int64_t width);

}  // namespace phosphene
