#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/objective.pb.h"
#include "server/base/faults.h"
#include "server/engine/onnx/program/network.h"
#include "server/engine/tensor/canvas.h"
#include "server/engine/tensor/replayable.h"
#include "server/engine/tensor/torch_pch.h"

namespace phosphene {

// The positions of a layer that a tile of the view owns: each is owned by the
// tile that holds its first pixel.
struct OwnCells {
  int64_t top = 0, left = 0;      // of the first one, in the tile's layer
  int64_t y = 0, x = 0;           // of the first one, in the whole layer
  int64_t height = 0, width = 0;  // 0 where the tile owns none
  int64_t whole_height = 0, whole_width = 0;  // the whole layer's
};

// What objectives look at in one step. Batches begin with the job's rows;
// companions (reference images sent through the same transforms) follow.
struct StepView {
  int64_t step = 0;
  int64_t rows = 1;
  at::Tensor image;  // [rows,C,H,W] before transforms, with gradient
  at::Tensor input;  // [rows+companions,3,h,w] after transforms, 0..1
  at::Tensor alpha;  // [rows,1,H,W] before transforms; undefined without alpha
  at::Tensor input_alpha;  // [rows,1,h,w] after transforms; undefined without
  // [rows,1,h,w] after transforms: how much of each pixel the object in space
  // covers; undefined unless wanted.
  at::Tensor coverage;
  // [rows], no gradient: the weighted sum of the objectives before this one in
  // the spec; undefined for the first.
  at::Tensor so_far;
  const std::map<std::string, at::Tensor>* activations =
      nullptr;  // resolved name -> [N,C,h,w]
  // Of a tile: what it owns of each layer, "input" among them; its image is
  // not defined. Null: the view is whole.
  const std::map<std::string, OwnCells>* own = nullptr;

  // The rows of a layer, f32: [rows,C,h,w] ("input" and "image" too). Of a tile
  // what it owns; with `beyond` that many positions more to the right and below
  // as far as the whole layer has them (ObjectiveFn::beyond).
  at::Tensor Layer(const std::string& resolved, int64_t beyond = 0) const;
  // Where what Layer gives lies in the whole layer.
  OwnCells CellsOf(const std::string& resolved) const;
  // One companion of a layer, f32: [1,C,h,w].
  at::Tensor CompanionLayer(const std::string& resolved,
                            int64_t companion) const;
  // The object with its own texture in the views of the rows, f32:
  // [rows,C,h,w]; where it is wanted, it is last in the batch.
  at::Tensor OriginalLayer(const std::string& resolved) const;
};

// What an objective sums over the positions of layers, tile by tile. What tiles
// sum up to is what the whole view gives, up to the order of sums.
struct Sums {
  std::vector<at::Tensor> parts;  // f32, with gradient
  std::vector<double> counts;     // of positions or values
  std::vector<Sums> terms;        // an expression's: one of each term

  // Adds a tile's: parts in f64, without gradient.
  void Add(const Sums& tile);
  // All parts in f32, as Finish takes them.
  Sums Rounded() const;
};

// A scalar per row. Confined to a thread.
class ObjectiveFn {
 public:
  virtual ~ObjectiveFn() = default;
  // [rows] f32, with gradient; row r depends on row r alone, unless the kind
  // joins rows: then the value is spread over the rows it joins.
  virtual at::Tensor Value(const StepView& view) = 0;

  // A picture larger than memory goes through the network in tiles, for
  // objectives that are smooth functions of sums over positions (see
  // shared/summed.h and ObjectiveKind::why_not_tiled). Those that read no layer
  // of the network are of the whole view in any case: in_tiles is false and
  // Value is asked.
  virtual bool in_tiles() const { return false; }
  // Positions past its own, to the right and below, that a tile must see.
  virtual int64_t beyond() const { return 0; }
  virtual Sums SumsOf(const StepView& tile) { return {}; }
  // The value of these sums (f32); `view` is the whole, without activations.
  virtual at::Tensor Finish(const Sums& sums, const StepView& view) {
    return Value(view);
  }

  // State that a checkpoint must keep (moving averages); same keys both ways.
  virtual void Save(std::map<std::string, at::Tensor>* state) const {}
  virtual void Load(const std::map<std::string, at::Tensor>& state) {}
};

// A reference image that rides along in the batch.
struct Companion {
  at::Tensor image;  // [1,3,H',W'] f32 0..1
  bool crop_each_step =
      false;  // random canvas-size crop each step; else H',W' = canvas
};

// Looks at a view that is whole or a tile.
using LookFn = std::function<void(const StepView& view)>;

// What objectives are made from, and where they say what they need.
struct ObjectiveContext {
  const NetworkInfo* network = nullptr;  // null for a job without a network
  Canvas canvas;
  uint64_t seed = 0;
  at::Device device = at::kCPU;
  std::function<absl::StatusOr<at::Tensor>(absl::string_view blob)> load_image;
  // Runs an image [1,3,H,W] once without gradient and returns these layers:
  // targets fixed for the whole run.
  std::function<absl::StatusOr<std::map<std::string, at::Tensor>>(
      const at::Tensor& image, const std::vector<std::string>& layers)>
      run_once;
  // Likewise tile by tile, for pictures larger than memory; null: at once.
  std::function<absl::Status(const at::Tensor& image,
                             const std::vector<std::string>& layers,
                             const LookFn& look)>
      run_in_tiles;
  std::vector<std::string> layers;    // wanted, resolved; filled by make
  std::vector<Companion> companions;  // filled by make; index is the id
  // Of an object in space (Surface::SeamStep); null where there is none.
  std::function<at::Tensor(int64_t levels)> seam_step;
  bool wants_original = false;  // StepView::OriginalLayer; set by make
  bool wants_coverage = false;  // StepView::coverage; set by make

  // Resolves a layer name and wants it; "input" and "image" pass through.
  absl::StatusOr<std::string> Want(absl::string_view layer);
  int64_t AddCompanion(Companion companion);
};

// Values of ObjectiveKind::why_not_tiled.
inline std::string WholePicture(const v1::Objective& spec) {
  return "it looks at all of a layer at once";
}
inline std::string SumsUp(const v1::Objective& spec) { return ""; }

// A kind of objective: one arm of Objective.kind, one file. `weight`, `row`
// and `label` of the message are handled outside.
struct ObjectiveKind {
  const char* arm;
  // Adds what the rules of its fields cannot tell: what needs the network
  // (null: skip it), the canvas (0: a side, rows or channels that are not
  // known) or two fields at once. Layers exist, or are told elsewhere; other
  // fields may break their rules. `path` is that of the Objective message.
  // Null: the rules say all.
  void (*check)(const v1::Objective& spec, const NetworkInfo* network,
                const Canvas& canvas, absl::string_view path,
                Faults& faults) = nullptr;
  absl::StatusOr<std::unique_ptr<ObjectiveFn>> (*make)(
      const v1::Objective& spec, ObjectiveContext& context);

  // Traits: what it is, said here and nowhere else. Those that are functions
  // get a spec with this arm set; the terms of an expression are asked apart.

  // See tensor/replayable.h. Kinds that do not say are not replayed.
  std::string (*why_not_replayed)(const v1::Objective& spec) = OtherEachStep;
  // Why it cannot be summed up tile by tile, where it reads layers of the
  // network; "" where it can.
  std::string (*why_not_tiled)(const v1::Objective& spec) = WholePicture;
  // A row's value depends on other rows (alignment, diversity).
  bool joins_rows = false;
  // Whether it reads the network's logits without naming them; null: never.
  bool (*reads_logits)(const v1::Objective& spec) = nullptr;
  // Whether it is about an object in space (ParamKind::has_surface); null:
  // never.
  bool (*needs_surface)(const v1::Objective& spec) = nullptr;
  // Whether it reads the alpha channel after the transforms; null: never.
  bool (*reads_transformed_alpha)(const v1::Objective& spec) = nullptr;
  // What its label names after the arm, such as "inception_4c/output:10"; null:
  // the layers its fields name.
  std::string (*target)(const v1::Objective& spec) = nullptr;
};

const std::vector<const ObjectiveKind*>& ObjectiveKinds();
const ObjectiveKind* FindObjectiveKind(const v1::Objective& spec);

// Checks one objective and those below it: the rules of all fields, that the
// network has the layers they name, and what each kind's check tells. The
// network may be null, a number of the canvas 0 where it is not known.
// UNIMPLEMENTED names arms that are not built in, when nothing else is wrong.
absl::Status CheckObjective(const v1::Objective& spec,
                            const NetworkInfo* network, const Canvas& canvas,
                            absl::string_view path);
// Makes one, weight and row mask not applied.
absl::StatusOr<std::unique_ptr<ObjectiveFn>> MakeObjective(
    const v1::Objective& spec, ObjectiveContext& context);
// "channel inception_4c/output:10": label for progress events.
std::string ObjectiveLabel(const v1::Objective& spec);

// For check functions: adds "600 is out of range; allowed: 0..511, the channels
// of mixed4a" where the layer's channels are known.
void CheckChannel(const NetworkInfo* network, absl::string_view layer,
                  int64_t channel, absl::string_view path, Faults& faults);

}  // namespace phosphene
