#pragma once

// The precompiled header of the tests with torch: the engine's, and GoogleTest
// with its matchers. No file relies on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/engine/tensor/torch_pch.h"
