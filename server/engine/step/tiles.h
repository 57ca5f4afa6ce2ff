#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// A part of a view: the pixels whose positions it owns, and the cut around
// them that those positions see. Ends are past the last.
struct Tile {
  int64_t y0 = 0, y1 = 0, x0 = 0, x1 = 0;
  int64_t top = 0, bottom = 0, left = 0, right = 0;
  bool last_row = false, last_column = false;  // at the view's true end
};

// How views are cut so that the positions of some layers are those of the whole
// view: where tiles begin, and how much around them is cut along.
struct TileGrid {
  std::map<std::string, Reach> reach;  // of each layer, and of "input"
  int64_t stride = 1;                  // tiles and cuts begin at its multiples
  int64_t before = 0, after = 0;       // the most that any layer sees
  int64_t size = 0;  // a tile's side at the most, if it can be
};

// For layers by resolved name. UNIMPLEMENTED: one sees the whole picture; the
// message names the node. `beyond`: see ObjectiveFn.
absl::StatusOr<TileGrid> MakeTileGrid(const NetworkInfo& network,
                                      const std::vector<std::string>& layers,
                                      int64_t size, int64_t beyond);

// The tiles of a view from the last to the first: the last one's layers tell
// how many positions the whole ones have. Sides are alike and multiples of the
// stride, but for what is left at the true ends.
std::vector<Tile> CutTiles(const TileGrid& grid, int64_t height, int64_t width);

// The largest side of a cut that CutTiles makes of a view.
int64_t CutSide(const TileGrid& grid, int64_t side);

// What tiles of one view own of each layer. Tiles are to be asked for in the
// order of CutTiles.
class OwnedCells {
 public:
  explicit OwnedCells(const TileGrid& grid) : grid_(grid) {}
  // `view` is of the tile's cut, with input and activations.
  std::map<std::string, OwnCells> Of(const Tile& tile, const StepView& view);

 private:
  struct Size {
    int64_t height = 0, width = 0;
  };
  const TileGrid& grid_;
  std::map<std::string, Size> whole_;
};

// Runs an image [N,C,H,W] through a network tile by tile, without gradient, and
// shows each to `look`.
void LookInTiles(const TileGrid& grid, const Network& network,
                 const at::Tensor& image, const LookFn& look);

}  // namespace phosphene
