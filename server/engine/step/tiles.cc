// Where a view is cut, and what of each layer a tile owns.

#include "server/engine/step/tiles.h"

#include <algorithm>
#include <numeric>

#include "server/base/status_macros.h"

namespace phosphene {
namespace {

int64_t RoundUp(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

struct Span {
  int64_t begin = 0, end = 0;          // owned
  int64_t cut_begin = 0, cut_end = 0;  // seen
};

// Sides as alike as the stride allows.
std::vector<Span> CutAxis(const TileGrid& grid, int64_t side) {
  const int64_t most =
      std::max(grid.stride, grid.size / grid.stride * grid.stride);
  const int64_t count = (side + most - 1) / most;
  const int64_t each = RoundUp((side + count - 1) / count, grid.stride);
  // Padding of "the same size" depends on what the stride leaves of a size, so
  // that all cuts leave the same.
  const int64_t rest = side % grid.stride;
  std::vector<Span> spans;
  for (int64_t begin = 0; begin < side; begin += each) {
    Span span;
    span.begin = begin;
    span.end = std::min(side, begin + each);
    span.cut_begin =
        std::max<int64_t>(0, begin - RoundUp(grid.before, grid.stride));
    span.cut_end =
        std::min(side, RoundUp(span.end + grid.after, grid.stride) + rest);
    spans.push_back(span);
  }
  return spans;
}

// Along one axis: what is owned of a layer of `cells` positions in the cut.
struct OwnedSpan {
  int64_t at = 0, first = 0, count = 0, whole = 0;
};

OwnedSpan Owned(int64_t stride, int64_t cut_begin, int64_t begin, int64_t end,
                bool last, int64_t cells, int64_t* whole) {
  OwnedSpan out;
  out.first = begin / stride;
  out.at = out.first - cut_begin / stride;
  if (last) *whole = cut_begin / stride + cells;
  out.whole = *whole;
  // The last tile owns what there is; others what begins in their pixels.
  const int64_t past = last ? out.whole : std::min(end / stride, out.whole);
  out.count = std::max<int64_t>(0, past - out.first);
  if (out.count == 0) out.at = 0;
  return out;
}

}  // namespace

absl::StatusOr<TileGrid> MakeTileGrid(const NetworkInfo& network,
                                      const std::vector<std::string>& layers,
                                      int64_t size, int64_t beyond) {
  TileGrid grid;
  grid.reach["input"] = Reach();
  grid.size = size;
  for (const std::string& layer : layers) {
    ASSIGN_OR_RETURN(grid.reach[layer], network.ReachOf(layer));
  }
  for (const auto& [layer, reach] : grid.reach) {
    grid.stride = std::lcm(grid.stride, reach.stride);
    grid.before = std::max(grid.before, reach.before);
    grid.after = std::max(grid.after, reach.after + beyond * reach.stride);
  }
  return grid;
}

int64_t CutSide(const TileGrid& grid, int64_t side) {
  int64_t most = 0;
  for (const Span& span : CutAxis(grid, side))
    most = std::max(most, span.cut_end - span.cut_begin);
  return most;
}

std::vector<Tile> CutTiles(const TileGrid& grid, int64_t height,
                           int64_t width) {
  std::vector<Tile> tiles;
  const std::vector<Span> rows = CutAxis(grid, height),
                          columns = CutAxis(grid, width);
  for (auto y = rows.rbegin(); y != rows.rend(); ++y) {
    for (auto x = columns.rbegin(); x != columns.rend(); ++x) {
      Tile tile;
      tile.y0 = y->begin;
      tile.y1 = y->end;
      tile.x0 = x->begin;
      tile.x1 = x->end;
      tile.top = y->cut_begin;
      tile.bottom = y->cut_end;
      tile.left = x->cut_begin;
      tile.right = x->cut_end;
      tile.last_row = y == rows.rbegin();
      tile.last_column = x == columns.rbegin();
      tiles.push_back(tile);
    }
  }
  return tiles;
}

std::map<std::string, OwnCells> OwnedCells::Of(const Tile& tile,
                                               const StepView& view) {
  std::map<std::string, OwnCells> out;
  for (const auto& [layer, reach] : grid_.reach) {
    const at::Tensor& map =
        layer == "input" ? view.input : view.activations->at(layer);
    Size& whole = whole_[layer];
    const OwnedSpan y = Owned(reach.stride, tile.top, tile.y0, tile.y1,
                              tile.last_row, map.size(2), &whole.height);
    const OwnedSpan x = Owned(reach.stride, tile.left, tile.x0, tile.x1,
                              tile.last_column, map.size(3), &whole.width);
    OwnCells& own = out[layer];
    own.top = y.at;
    own.y = y.first;
    own.height = y.count;
    own.whole_height = y.whole;
    own.left = x.at;
    own.x = x.first;
    own.width = x.count;
    own.whole_width = x.whole;
  }
  return out;
}

void LookInTiles(const TileGrid& grid, const Network& network,
                 const at::Tensor& image, const LookFn& look) {
  const at::NoGradGuard no_grad;
  OwnedCells cells(grid);
  for (const Tile& tile : CutTiles(grid, image.size(2), image.size(3))) {
    StepView view;
    view.rows = image.size(0);
    view.input = image.narrow(2, tile.top, tile.bottom - tile.top)
                     .narrow(3, tile.left, tile.right - tile.left);
    const auto activations = network.Forward(view.input.contiguous());
    view.activations = &activations;
    const auto own = cells.Of(tile, view);
    view.own = &own;
    look(view);
  }
}

}  // namespace phosphene
