#pragma once

// The precompiled header of the command line: the API's, and CLI11, whose one
// header every command reads. No file relies on it.
#include <CLI/CLI.hpp>

#include "proto/api_pch.h"
