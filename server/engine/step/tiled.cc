// One step of a view in tiles: sums, then seeded backward passes.

#include "server/engine/step/tiled.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/engine/step/refused.h"

namespace phosphene {
namespace {

// The same sums as leaves of a new graph, in f32.
Sums Leaves(const Sums& sums) {
  Sums out = sums.Rounded();
  for (at::Tensor& part : out.parts) part.requires_grad_(true);
  for (Sums& term : out.terms) term = Leaves(term);
  return out;
}

// The gradients of leaves, where there are any.
Sums GradientsOf(const Sums& leaves) {
  Sums out;
  for (const at::Tensor& part : leaves.parts) out.parts.push_back(part.grad());
  for (const Sums& term : leaves.terms) out.terms.push_back(GradientsOf(term));
  return out;
}

// *dot += <sums, seeds>, of those sums that a gradient flows to.
void AddDot(const Sums& sums, const Sums& seeds, at::Tensor* dot) {
  for (size_t i = 0; i < sums.parts.size() && i < seeds.parts.size(); ++i) {
    if (!sums.parts[i].requires_grad() || !seeds.parts[i].defined()) continue;
    const at::Tensor more = (sums.parts[i] * seeds.parts[i]).sum();
    *dot = dot->defined() ? *dot + more : more;
  }
  for (size_t i = 0; i < sums.terms.size() && i < seeds.terms.size(); ++i)
    AddDot(sums.terms[i], seeds.terms[i], dot);
}

void SaveSums(const Sums& sums, const std::string& path,
              std::map<std::string, at::Tensor>* state) {
  for (size_t i = 0; i < sums.parts.size(); ++i) {
    if (sums.parts[i].defined())
      (*state)[absl::StrCat(path, "p", i)] = sums.parts[i];
  }
  for (size_t i = 0; i < sums.terms.size(); ++i)
    SaveSums(sums.terms[i], absl::StrCat(path, "t", i, "."), state);
}

// Back into what a path made by SaveSums says: "2.t0.p1".
void LoadPart(Sums& sums, absl::string_view path, const at::Tensor& value) {
  const bool part = path[0] == 'p';
  const size_t dot = part ? path.size() : path.find('.');
  size_t index = 0;
  for (const char digit : path.substr(1, dot - 1))
    index = index * 10 + digit - '0';
  if (part) {
    if (sums.parts.size() <= index) sums.parts.resize(index + 1);
    sums.parts[index] = value;
    return;
  }
  if (sums.terms.size() <= index) sums.terms.resize(index + 1);
  LoadPart(sums.terms[index], path.substr(dot + 1), value);
}

at::Tensor Cut(const at::Tensor& input, const Tile& tile) {
  return input.narrow(2, tile.top, tile.bottom - tile.top)
      .narrow(3, tile.left, tile.right - tile.left);
}

// The objectives' state, to be put back where a step is given up.
class States {
 public:
  explicit States(const std::vector<ObjectivePart>& objectives)
      : objectives_(objectives) {
    for (const ObjectivePart& part : objectives)
      part.fn->Save(&states_.emplace_back());
  }
  void PutBack() const {
    for (size_t i = 0; i < states_.size(); ++i)
      objectives_[i].fn->Load(states_[i]);
  }

 private:
  const std::vector<ObjectivePart>& objectives_;
  std::vector<std::map<std::string, at::Tensor>> states_;
};

}  // namespace

// Tiles going by, over all passes of a step.
struct TiledStepper::Pass {
  const TileWatch& watch;
  const bool may_stop;
  const std::vector<Tile> tiles;
  const int all;
  OwnedCells cells;
  int done = 0;

  // Before each tile.
  void Next() {
    if (may_stop && watch.stop && watch.stop())
      throw Refused{absl::CancelledError("stopped between tiles")};
    if (watch.progress) watch.progress(done, all);
    ++done;
  }
};

absl::Status TiledStepper::Advance(const Lane& lane) {
  may_stop_ = true;
  return EagerStepper::Advance(lane);
}

void TiledStepper::set_times(StepTimes* times) {
  EagerStepper::set_times(times);
  sight_.set_times(times);
}

TiledStepper::AllSums TiledStepper::SumsOf(const StepView& tile) {
  const StepTimer timer(times(), &StepTimes::objectives);
  AllSums out;
  for (const ObjectivePart& part : parts().objectives)
    out.push_back(part.fn->in_tiles() ? part.fn->SumsOf(tile) : Sums());
  return out;
}

// Shows `look` the tile whose cut is `input`.
void TiledStepper::LookAtTile(const Tile& tile, const at::Tensor& input,
                              const Lane& lane, OwnedCells& cells,
                              const LookFn& look) {
  StepView view;
  view.step = lane.step;
  view.rows = lane.rows;
  view.input = input;
  const auto activations = sight_.Activations(input, lane);
  view.activations = &activations;
  const auto own = cells.Of(tile, view);
  view.own = &own;
  look(view);
}

TiledStepper::AllSums TiledStepper::SumPass(const StepView& view,
                                            const Lane& lane, Pass& pass) {
  const at::NoGradGuard no_grad;
  AllSums sums(parts().objectives.size());
  for (const Tile& tile : pass.tiles) {
    pass.Next();
    const at::Tensor cut =
        Cut(view.input, tile).contiguous(view.input.suggest_memory_format());
    LookAtTile(tile, cut, lane, pass.cells, [&](const StepView& seen) {
      const AllSums own = SumsOf(seen);
      for (size_t i = 0; i < sums.size(); ++i) sums[i].Add(own[i]);
    });
  }
  return sums;
}

TiledStepper::AllSums TiledStepper::SeededPass(const StepView& view,
                                               const Lane& lane,
                                               const AllSums& seeds,
                                               at::Tensor& gradient,
                                               Pass& pass) {
  AllSums sums(parts().objectives.size());
  const at::Tensor input = view.input.detach();
  const auto format = input.suggest_memory_format();
  const int64_t companions = input.size(0) - lane.rows;
  for (const Tile& tile : pass.tiles) {
    pass.Next();
    const at::Tensor rows = Cut(input.narrow(0, 0, lane.rows), tile)
                                .clone(format)
                                .requires_grad_(true);
    at::Tensor batch = rows;
    if (companions > 0)
      batch =
          at::cat({rows, Cut(input.narrow(0, lane.rows, companions), tile)});
    at::Tensor dot;
    LookAtTile(tile, batch, lane, pass.cells, [&](const StepView& seen) {
      const AllSums own = SumsOf(seen);
      for (size_t i = 0; i < own.size(); ++i) {
        if (delayed_) sums[i].Add(own[i]);
        AddDot(own[i], seeds[i], &dot);
      }
    });
    if (!dot.defined()) continue;
    const StepTimer timer(times(), &StepTimes::backward);
    dot.backward();
    if (!rows.grad().defined()) continue;
    at::Tensor place = Cut(gradient.narrow(0, 0, lane.rows), tile);
    place.add_(rows.grad());
  }
  return sums;
}

// The loss of sums, with its gradient in `seeds` and, for what objectives read
// of the whole view, in the view's image and input.
Tally TiledStepper::Finish(const AllSums& sums, StepView& view,
                           AllSums* seeds) {
  const StepTimer timer(times(), &StepTimes::objectives);
  AllSums leaves;
  for (const Sums& own : sums) leaves.push_back(Leaves(own));
  Tally tally;
  at::Tensor total;
  for (size_t i = 0; i < leaves.size(); ++i) {
    const ObjectivePart& part = parts().objectives[i];
    if (total.defined()) view.so_far = total.detach();
    const at::Tensor value = part.fn->in_tiles()
                                 ? part.fn->Finish(leaves[i], view)
                                 : part.fn->Value(view);
    tally.values.push_back(value.detach());
    const at::Tensor share = ApplyShare(part.share, value);
    total = total.defined() ? total + share : share;
  }
  const at::Tensor losses = total.neg();
  tally.total = losses.detach().neg();
  if (losses.requires_grad()) losses.sum().backward();
  seeds->clear();
  for (const Sums& own : leaves) seeds->push_back(GradientsOf(own));
  return tally;
}

Tally TiledStepper::Differentiate(const Lane& lane) {
  const at::Tensor image = sight_.Image(lane);
  const at::Tensor image_leaf = image.detach().requires_grad_(true);
  StepView view = sight_.View(image_leaf, lane);
  const at::Tensor input = view.input;
  view.input = input.detach().requires_grad_(true);

  const std::vector<Tile> tiles = CutTiles(grid_, input.size(2), input.size(3));
  const bool seeded = delayed_ && !seeds_.empty();
  const int passes = seeded ? 1 : 2;
  Pass pass{watch_, may_stop_, tiles, passes * static_cast<int>(tiles.size()),
            OwnedCells(grid_)};
  may_stop_ = false;
  at::Tensor gradient = at::zeros_like(input.detach());
  const States before(parts().objectives);
  Tally tally;
  AllSums seeds;
  try {
    const AllSums sums = seeded ? SeededPass(view, lane, seeds_, gradient, pass)
                                : SumPass(view, lane, pass);
    tally = Finish(sums, view, &seeds);
    if (!seeded) SeededPass(view, lane, seeds, gradient, pass);
  } catch (const Refused&) {
    before.PutBack();
    throw;
  }
  if (watch_.progress) watch_.progress(pass.all, pass.all);
  if (delayed_) seeds_ = std::move(seeds);
  const StepTimer timer(times(), &StepTimes::backward);
  if (view.input.grad().defined()) gradient.add_(view.input.grad());
  view.input = at::Tensor();
  if (input.requires_grad()) input.backward(gradient);
  gradient = at::Tensor();
  if (image.requires_grad() && image_leaf.grad().defined())
    image.backward(image_leaf.grad());
  return tally;
}

void TiledStepper::Save(std::map<std::string, at::Tensor>* state) const {
  for (size_t i = 0; i < seeds_.size(); ++i) {
    // Written for objectives without sums too, so that their number is kept.
    (*state)[absl::StrCat("seeds/", i, ".")] = at::zeros({0});
    SaveSums(seeds_[i], absl::StrCat("seeds/", i, "."), state);
  }
}

void TiledStepper::Load(const std::map<std::string, at::Tensor>& state) {
  if (!delayed_) return;
  const size_t count = parts().objectives.size();
  AllSums seeds(count);
  size_t found = 0;
  for (size_t i = 0; i < count; ++i) {
    const std::string own = absl::StrCat("seeds/", i, ".");
    for (const auto& [key, value] : state) {
      if (key.compare(0, own.size(), own) != 0) continue;
      if (key.size() == own.size()) {
        ++found;
        continue;
      }
      LoadPart(seeds[i], absl::string_view(key).substr(own.size()),
               value.to(parts().param->Tensors()[0].value.device()));
    }
  }
  if (found == count) seeds_ = std::move(seeds);
}

}  // namespace phosphene
