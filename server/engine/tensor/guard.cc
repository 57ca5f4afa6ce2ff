// Turns exceptions into statuses.

#include "server/engine/tensor/guard.h"

#include <exception>
#include <new>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "server/base/broken_device.h"
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

// Errors of the CUDA run time after which every later call fails: those of
// which driver_types.h of CUDA 13 says "the process must be terminated and
// relaunched", memory and links that are damaged, and what it cannot name.
// Numbers, since this is compiled without CUDA as well.
bool BreaksTheDevice(int code) {
  switch (code) {
    case 214:  // cudaErrorECCUncorrectable
    case 220:  // cudaErrorNvlinkUncorrectable
    case 226:  // cudaErrorContained
    case 700:  // cudaErrorIllegalAddress
    case 702:  // cudaErrorLaunchTimeout
    case 709:  // cudaErrorContextIsDestroyed
    case 710:  // cudaErrorAssert
    case 714:  // cudaErrorHardwareStackError
    case 715:  // cudaErrorIllegalInstruction
    case 716:  // cudaErrorMisalignedAddress
    case 717:  // cudaErrorInvalidAddressSpace
    case 718:  // cudaErrorInvalidPc
    case 719:  // cudaErrorLaunchFailure
    case 721:  // cudaErrorTensorMemoryLeak
    case 810:  // cudaErrorMpsClientTerminated
    case 911:  // cudaErrorExternalDevice
    case 999:  // cudaErrorUnknown
      return true;
    default:
      return false;
  }
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
  } catch (const c10::AcceleratorError& e) {
    const std::string message = e.what_without_backtrace();
    if (!BreaksTheDevice(e.get_error_code()))
      return Say(absl::StatusCode::kInternal, what, message);
    return DeviceBrokenError(absl::StrCat(what, ": ", message));
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
