// Turns exceptions into statuses.

#include "server/engine/tensor/guard.h"

#include <exception>
#include <new>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {
namespace {

// "what: message".
absl::Status Say(absl::StatusCode code, absl::string_view what,
                 absl::string_view message) {
  return absl::Status(code, absl::StrCat(what, ": ", message));
}

// The CPU allocator has no exception type of its own.
bool SaysOutOfMemory(absl::string_view message) {
  return absl::StrContains(message, "can't allocate memory") ||
         absl::StrContains(message, "not enough memory");
}

}  // namespace

absl::Status Guarded(absl::string_view what, const std::function<void()>& fn) {
  try {
    fn();
    return absl::OkStatus();
  } catch (const std::bad_alloc&) {
    return Say(absl::StatusCode::kResourceExhausted, what, "out of memory");
  } catch (const c10::OutOfMemoryError& e) {
    return Say(absl::StatusCode::kResourceExhausted, what,
               e.what_without_backtrace());
  } catch (const c10::NotImplementedError& e) {
    return Say(absl::StatusCode::kUnimplemented, what,
               e.what_without_backtrace());
  } catch (const c10::Error& e) {
    const std::string message = e.what_without_backtrace();
    const auto code = SaysOutOfMemory(message)
                          ? absl::StatusCode::kResourceExhausted
                          : absl::StatusCode::kInternal;
    return Say(code, what, message);
  } catch (const std::exception& e) {
    return Say(absl::StatusCode::kInternal, what, e.what());
  }
}

}  // namespace phosphene
