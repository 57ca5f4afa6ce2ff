#pragma once

#include "client/base/units.h"
#include "client/presets/options.h"

namespace phosphene::client {

// The canvas that --size asks for, for presets whose transforms depend on it;
// `side` x `side` where it says nothing, or nothing that can be read, which
// ApplyOptions answers.
Size CanvasSize(const SpecOptions& common, int side);

}  // namespace phosphene::client
