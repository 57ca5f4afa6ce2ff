#pragma once

// The precompiled header of the torch part: ATen and autograd, not
// torch/torch.h (10-13 s a file). Every file of server/engine/ that touches
// tensors includes it first after its own header.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/variable.h>
#include <torch/library.h>
