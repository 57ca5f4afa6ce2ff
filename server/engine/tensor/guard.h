#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// Runs `fn`, plain throwing tensor code, and turns an exception into a Status
// that begins with `what`: bad_alloc and c10::OutOfMemoryError are
// RESOURCE_EXHAUSTED, c10::NotImplementedError is UNIMPLEMENTED; an error after
// which a GPU does nothing more is UNAVAILABLE and IsDeviceBroken
// (base/broken_device.h); any other is INTERNAL (without a backtrace).
// Exceptions leave server/engine/ nowhere else.
absl::Status Guarded(absl::string_view what, const std::function<void()>& fn);

}  // namespace phosphene
