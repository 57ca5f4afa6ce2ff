#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/engine/step/eager.h"
#include "server/engine/step/tiles.h"
#include "server/engine/step/view.h"

namespace phosphene {

// Who looks on while tiles go by; either may be empty.
struct TileWatch {
  std::function<bool()> stop;  // asked between tiles
  // Tiles done of those in this step, over its passes.
  std::function<void(int done, int tiles)> progress;
};

// A step whose view goes through the network in tiles, exactly. Parameters,
// image and transforms are of the whole. Then, with tiles that overlap by what
// the layers see: a pass without gradient sums what the objectives need; the
// loss of these sums gives each sum's gradient, its seed; a second pass runs
// each tile again and goes back from its own sums times the seeds, over the
// positions it owns, and adds what comes out to the view's gradient; then once
// back through transforms and parameterization. Equal to the whole step but for
// the order of sums. Redirected ReLUs are off: whether a gradient is zero all
// over is a matter of the whole.
//
// With `delayed` one pass: seeds are those of the step before (the first step
// has its own). Not exact, and not for optimizers that search along a line.
class TiledStepper : public EagerStepper {
 public:
  // `parts` must outlive this. REQUIRES: objectives in tiles are of kinds that
  // sum up, see tile_rules.h.
  TiledStepper(Parts& parts, TileGrid grid, bool delayed, TileWatch watch = {})
      : EagerStepper(parts),
        sight_(parts),
        grid_(std::move(grid)),
        delayed_(delayed),
        watch_(std::move(watch)) {}

  absl::Status Advance(const Lane& lane) override;
  void set_times(StepTimes* times) override;
  // The seeds of a delayed step.
  void Save(std::map<std::string, at::Tensor>* state) const override;
  void Load(const std::map<std::string, at::Tensor>& state) override;

 protected:
  Tally Differentiate(const Lane& lane) override;

 private:
  using AllSums = std::vector<Sums>;  // one an objective
  struct Pass;

  AllSums SumsOf(const StepView& tile);
  void LookAtTile(const Tile& tile, const at::Tensor& input, const Lane& lane,
                  OwnedCells& cells, const LookFn& look);
  AllSums SumPass(const StepView& view, const Lane& lane, Pass& pass);
  AllSums SeededPass(const StepView& view, const Lane& lane,
                     const AllSums& seeds, at::Tensor& gradient, Pass& pass);
  Tally Finish(const AllSums& sums, StepView& view, AllSums* seeds);

  Sight sight_;
  const TileGrid grid_;
  const bool delayed_;
  const TileWatch watch_;
  AllSums seeds_;         // of the step before, where delayed
  bool may_stop_ = true;  // nothing has moved yet in this step
};

}  // namespace phosphene
