#pragma once

// Marks functions that nvcc compiles for the GPU and every compiler for the
// CPU, so that what a kernel computes is tested where there is no GPU.
#if defined(__CUDACC__)
#define PHOSPHENE_HD __host__ __device__
#else
#define PHOSPHENE_HD
#endif
