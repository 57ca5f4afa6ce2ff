#pragma once

// The precompiled header of the tests without torch: the API's, and GoogleTest
// with its matchers. No file relies on it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "proto/api_pch.h"
