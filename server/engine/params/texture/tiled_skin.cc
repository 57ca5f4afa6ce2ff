// A large texture in tiles, of which only those that were seen are held.
#include <algorithm>
#include <utility>
#include <vector>

#include "server/engine/params/texture/skin.h"
#include "server/engine/raster/sample_tiles.h"
#include "server/engine/raster/seam_points.h"
#include "server/engine/tensor/rng.h"

namespace phosphene {
namespace {

constexpr int64_t kFirstTiles = 256;  // room for so many at first

// Values lie in a store of tiles, a row each, in the order they were first
// seen; a step works on a copy of the rows its views touch, which is written
// back when the next step begins.
class TiledSkin final : public Skin {
 public:
  TiledSkin(const SkinContext& context, double sd)
      : context_(context),
        sd_(sd),
        tiles_a_line_(context.side / kTileSide),
        color_(context.color, 3),
        options_(at::TensorOptions(at::kFloat).device(context.device)),
        row_of_(tiles_a_line_ * tiles_a_line_, -1),
        store_(at::empty({0, 3, kTileSide, kTileSide}, options_)),
        working_(std::make_shared<WorkingSet>()),
        leaf_(
            at::empty({0, 3, kTileSide, kTileSide}, options_).requires_grad_()),
        seam_points_(
            SeamPoints(context.scene->seams, context.side, context.side)
                .to(context.device)) {
    working_->rows = at::empty({0}, options_.dtype(at::kLong));
    const at::NoGradGuard no_grad;
    // The mean of a tile at its start, before colour, is close to 0.
    rest_ = color_.ToImage(at::zeros({1, 3, 1, 1}, options_))[0]
                .expand({3, tiles_a_line_, tiles_a_line_})
                .clone();
  }

  std::vector<ParamTensor> Tensors() override {
    return {{"tiles", leaf_, /*per_row=*/false, working_}};
  }

  at::Tensor Show(const RasterViews& views) override {
    table_.height = table_.width = context_.side;
    // The graph of the last step remembers the leaf's size.
    shown_ = at::Tensor();
    {
      const at::NoGradGuard no_grad;
      WriteBack();
      table_.ids =
          TouchedTiles(views, context_.side, context_.side, context_.filter);
      table_.rest = rest_;
      WorkOn(table_.ids);
    }
    shown_ = Masked(color_.ToImage(leaf_), table_.ids);
    return SampleTiles(shown_, table_, views, context_.filter);
  }

  at::Tensor Seams(int64_t levels) override {
    const at::Tensor within = SeamPointsWithin(table_, seam_points_, levels);
    return SeamTileLoss(shown_, table_, seam_points_.index_select(1, within),
                        levels);
  }

  at::Tensor ShowFinished(const RasterViews& views) override {
    const at::NoGradGuard no_grad;
    WriteBack();
    TileTable table;
    table.height = table.width = context_.side;
    table.ids =
        TouchedTiles(views, context_.side, context_.side, context_.filter);
    table.rest = rest_;
    return SampleTiles(FinishedColors(table.ids), table, views,
                       context_.filter);
  }

  at::Tensor Atlas() override {
    const at::NoGradGuard no_grad;
    WriteBack();
    at::Tensor atlas = at::empty({3, context_.side, context_.side}, at::kFloat);
    for (int64_t id = 0; id < Tiles(); ++id) {
      const int64_t y = id / tiles_a_line_ * kTileSide,
                    x = id % tiles_a_line_ * kTileSide;
      at::Tensor place = atlas.narrow(1, y, kTileSide).narrow(2, x, kTileSide);
      place.copy_(FinishedColors(at::full({1}, id, at::kLong))[0]);
    }
    return atlas;
  }

  absl::Status SetAtlas(const at::Tensor& atlas) override {
    const at::NoGradGuard no_grad;
    base_ = color_.FromImage(atlas)[0].contiguous();
    std::fill(row_of_.begin(), row_of_.end(), -1);
    ids_.clear();
    working_->stored = 0;
    working_->rows = at::empty({0}, options_.dtype(at::kLong));
    leaf_.set_data(at::empty({0, 3, kTileSide, kTileSide}, options_));
    rest_ = at::avg_pool2d(atlas, kTileSide)[0].contiguous();
    return absl::OkStatus();
  }

  bool TakeMask(const at::Tensor& mask) override {
    mask_ = mask[0].contiguous();
    return true;
  }

  int64_t side() const override { return context_.side; }

  void Save(std::map<std::string, at::Tensor>* state) const override {
    const at::NoGradGuard no_grad;
    // Writing back changes nothing that can be seen.
    const_cast<TiledSkin*>(this)->WriteBack();
    (*state)["tiles"] = store_.narrow(0, 0, working_->stored);
    (*state)["ids"] = at::tensor(ids_, at::kLong);
    // What has been seen counts in the means of others, to the last bit.
    (*state)["rest"] = rest_;
  }

  void Load(const std::map<std::string, at::Tensor>& state) override {
    const auto tiles = state.find("tiles"), ids = state.find("ids"),
               rest = state.find("rest");
    if (tiles == state.end() || ids == state.end() || rest == state.end() ||
        rest->second.sizes() != rest_.sizes() ||
        tiles->second.size(0) != ids->second.size(0)) {
      return;
    }
    const at::NoGradGuard no_grad;
    const int64_t* id = ids->second.const_data_ptr<int64_t>();
    std::fill(row_of_.begin(), row_of_.end(), -1);
    ids_.clear();
    for (int64_t row = 0; row < ids->second.size(0); ++row) {
      if (id[row] < 0 || id[row] >= Tiles()) return;
      row_of_[id[row]] = row;
      ids_.push_back(id[row]);
    }
    store_ = tiles->second.to(options_.device()).clone();
    working_->stored = store_.size(0);
    rest_ = rest->second.to(options_.device()).clone();
  }

 private:
  int64_t Tiles() const { return tiles_a_line_ * tiles_a_line_; }

  // [3,32,32] before colour: what a tile is before it was ever seen. A pure
  // function of the seed and its number.
  at::Tensor StartOf(int64_t id) const {
    if (base_.defined()) return Cut(base_, id).to(options_.device());
    return Rng(context_.seed, RngStream::kInit, /*step=*/0,
               static_cast<uint32_t>(id))
        .NormalTensor({3, kTileSide, kTileSide})
        .mul_(sd_)
        .to(options_.device());
  }
  at::Tensor Cut(const at::Tensor& atlas, int64_t id) const {
    return atlas.narrow(1, id / tiles_a_line_ * kTileSide, kTileSide)
        .narrow(2, id % tiles_a_line_ * kTileSide, kTileSide);
  }

  // [t,3,32,32] 0..1 of tiles as they are.
  at::Tensor FinishedColors(const at::Tensor& ids) const {
    const at::Tensor on_host = ids.cpu();
    std::vector<at::Tensor> values;
    for (int64_t i = 0; i < on_host.size(0); ++i) {
      const int64_t id = on_host.const_data_ptr<int64_t>()[i];
      values.push_back(row_of_[id] >= 0 ? store_[row_of_[id]] : StartOf(id));
    }
    if (values.empty())
      return at::empty({0, 3, kTileSide, kTileSide}, options_);
    return Masked(color_.ToImage(at::stack(values)), ids);
  }

  // Under a mask tiles keep their start where it is 0.
  at::Tensor Masked(const at::Tensor& colors, const at::Tensor& ids) const {
    if (!mask_.defined() || colors.size(0) == 0) return colors;
    const at::Tensor on_host = ids.cpu();
    std::vector<at::Tensor> starts, masks;
    for (int64_t i = 0; i < on_host.size(0); ++i) {
      const int64_t id = on_host.const_data_ptr<int64_t>()[i];
      starts.push_back(StartOf(id));
      masks.push_back(Cut(mask_, id));
    }
    return at::lerp(color_.ToImage(at::stack(starts)), colors,
                    at::stack(masks));
  }

  // Rows for tiles that have none yet, and the leaf's copy of those of `ids`.
  void WorkOn(const at::Tensor& ids) {
    const at::Tensor on_host = ids.cpu();
    const int64_t* id = on_host.const_data_ptr<int64_t>();
    std::vector<int64_t> places;
    for (int64_t i = 0; i < on_host.size(0); ++i) {
      if (row_of_[id[i]] < 0) Append(id[i]);
      places.push_back(row_of_[id[i]]);
    }
    working_->rows = at::tensor(places, at::kLong).to(options_.device());
    leaf_.set_data(store_.index_select(0, working_->rows));
  }

  void Append(int64_t id) {
    if (working_->stored == store_.size(0)) {
      const int64_t more = std::max(kFirstTiles, store_.size(0) / 2);
      store_ = at::cat(
          {store_, at::empty({more, 3, kTileSide, kTileSide}, options_)});
    }
    store_[working_->stored].copy_(StartOf(id));
    row_of_[id] = working_->stored++;
    ids_.push_back(id);
  }

  // The optimizer has moved the leaf: its rows go back to the store, and their
  // means to what other steps see of them.
  void WriteBack() {
    if (working_->rows.size(0) == 0) return;
    const at::Tensor values = leaf_.detach();
    store_.index_copy_(0, working_->rows, values);
    const at::Tensor means =
        Masked(color_.ToImage(values), table_.ids).mean({2, 3}).t();
    rest_.flatten(1).index_copy_(1, table_.ids, means);
  }

  const SkinContext context_;
  const double sd_;
  const int64_t tiles_a_line_;
  const ColorMap color_;
  const at::TensorOptions options_;
  std::vector<int64_t> row_of_;  // of each tile of the atlas; -1: not held
  std::vector<int64_t> ids_;     // of each row
  at::Tensor store_;             // [room,3,32,32] before colour
  const std::shared_ptr<WorkingSet> working_;
  at::Tensor leaf_;  // rows of the store
  at::Tensor rest_;  // [3,side/32,side/32]: colour means of all tiles
  at::Tensor base_;  // [3,side,side] before colour: a start, or none
  at::Tensor mask_;  // [1,side,side] or undefined
  const at::Tensor seam_points_;  // [4,n]
  TileTable table_;               // of the last Show
  at::Tensor shown_;              // [t,3,32,32] colours of the last Show
};

}  // namespace

std::unique_ptr<Skin> MakeTiledSkin(const SkinContext& context, double sd) {
  return std::make_unique<TiledSkin>(context, sd);
}

}  // namespace phosphene
