#pragma once

// torch::autograd::Function, for the few files with a backward pass of their
// own: its templates are too dear for the precompiled header.
#include <torch/csrc/autograd/custom_function.h>

#include "server/engine/tensor/torch_pch.h"
