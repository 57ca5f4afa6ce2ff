#pragma once

#include <gtest/gtest.h>

#include "server/engine/cuda/cuda_devices.h"

// Ends a test that needs a GPU where none answers.
#define NEEDS_GPU()                                                           \
  if (::phosphene::CudaDevices().empty()) {                                   \
    GTEST_SKIP() << "no CUDA device answers on this machine; this test says " \
                    "nothing here";                                           \
  }
