#pragma once

// The precompiled header of the torch part: ATen and the state of autograd.
// Every file of server/engine/ that touches tensors includes it first after
// its own header. Left out, because every file would instantiate the templates
// they drag in: torch/torch.h (10-13 s per file), torch/library.h and
// torch/csrc/autograd/custom_function.h (4 s; own backward passes include
// server/engine/tensor/autograd_function.h).
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>
