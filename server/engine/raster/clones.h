#pragma once

// Loops marked so are compiled for several instruction sets; the loader picks
// the machine's best. Without contraction (CMakeLists.txt) all give the same
// bits. What such a function calls must be inlined into it.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define PHOSPHENE_RASTER_CLONES \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PHOSPHENE_RASTER_CLONES
#endif
#define PHOSPHENE_RASTER_ALWAYS __attribute__((always_inline))  // of lambdas
#define PHOSPHENE_RASTER_INLINE inline PHOSPHENE_RASTER_ALWAYS
