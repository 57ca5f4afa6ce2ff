#pragma once

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace phosphene {

// A cube of side 2 about (10,0,0) as Wavefront OBJ: six quads, each a chart of
// its own in a 3 x 2 grid with gaps between them, so every edge is a seam.
inline std::string CubeObj() {
  const int corner[8][3] = {{-1, -1, -1}, {1, -1, -1}, {1, 1, -1}, {-1, 1, -1},
                            {-1, -1, 1},  {1, -1, 1},  {1, 1, 1},  {-1, 1, 1}};
  const int face[6][4] = {{4, 5, 6, 7}, {1, 0, 3, 2}, {5, 1, 2, 6},
                          {0, 4, 7, 3}, {7, 6, 2, 3}, {0, 1, 5, 4}};
  std::string text;
  for (const auto& p : corner)
    absl::StrAppend(&text, "v ", p[0] + 10, " ", p[1], " ", p[2], "\n");
  for (int f = 0; f < 6; ++f) {
    const double u = f % 3 / 3., v = f / 3 / 2.;
    for (const auto& [du, dv] :
         {std::pair{.03, .04}, {.30, .04}, {.30, .46}, {.03, .46}})
      absl::StrAppend(&text, "vt ", u + du, " ", v + dv, "\n");
  }
  for (int f = 0; f < 6; ++f) {
    absl::StrAppend(&text, "f");
    for (int k = 0; k < 4; ++k)
      absl::StrAppend(&text, " ", face[f][k] + 1, "/", 4 * f + k + 1);
    absl::StrAppend(&text, "\n");
  }
  return text;
}

}  // namespace phosphene
