// Rotary places (Su et al. 2021, "RoFormer"), and caches written at a place.

#include <algorithm>
#include <memory>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/shared/attention.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

struct Rotary {
  int64_t heads = 0;
  int64_t turned = 0;  // features of a head that are turned; 0: all
  bool interleaved = false;
};

// Pairs of features of x [N,heads,L,E] turned by the angles whose cosines and
// sines are [N or 1,1,L,turned/2].
at::Tensor Turn(const Rotary& r, const at::Tensor& x, const at::Tensor& cosine,
                const at::Tensor& sine) {
  const int64_t turned = r.turned > 0 ? r.turned : x.size(3);
  TORCH_CHECK(turned % 2 == 0 && turned <= x.size(3) &&
                  cosine.size(-1) == turned / 2 && sine.size(-1) == turned / 2,
              "cosines and sines of ", cosine.size(-1), " angles where ",
              turned / 2, " are needed");
  const at::Tensor part = x.narrow(3, 0, turned);
  const at::Tensor a = r.interleaved ? part.slice(3, 0, turned, 2)
                                     : part.narrow(3, 0, turned / 2);
  const at::Tensor b = r.interleaved ? part.slice(3, 1, turned, 2)
                                     : part.narrow(3, turned / 2, turned / 2);
  const at::Tensor real = cosine * a - sine * b,
                   imaginary = sine * a + cosine * b;
  const at::Tensor out = r.interleaved
                             ? at::stack({real, imaginary}, -1).flatten(3)
                             : at::cat({real, imaginary}, 3);
  return turned == x.size(3)
             ? out
             : at::cat({out, x.narrow(3, turned, x.size(3) - turned)}, 3);
}

// Rows of a table [places,n] at places [N,L]: [N,1,L,n]; without places the
// table is [N,L,n] itself.
at::Tensor AtPlaces(const at::Tensor& table, const at::Tensor& places,
                    Uploads& uploads) {
  if (!places.defined()) {
    TORCH_CHECK(table.dim() == 3, "a table of 3 axes is needed");
    return table.unsqueeze(1);
  }
  TORCH_CHECK(table.dim() == 2 && places.dim() == 2,
              "a table and places of 2 axes are needed");
  const at::Tensor index = places.reshape(-1).to(at::kLong);
  return table.index_select(0, uploads.Get(index, table.device()))
      .view({places.size(0), 1, places.size(1), table.size(1)});
}

// Likewise of x [N,heads,L,E] or [N,L,heads*E].
at::Tensor TurnAny(Rotary r, const at::Tensor& x, const at::Tensor& cosine,
                   const at::Tensor& sine) {
  if (x.dim() == 4) return Turn(r, x, cosine, sine);
  TORCH_CHECK(x.dim() == 3, "an input of 3 or 4 axes is needed");
  if (r.heads == 0)
    r.heads = x.size(2) / std::max<int64_t>(2 * cosine.size(-1), 1);
  return JoinHeads(Turn(r, SplitHeads(x, r.heads), cosine, sine));
}

Rotary ReadRotary(const OpInit& init) {
  return {init.Int("num_heads", 0), init.Int("rotary_embedding_dim", 0),
          init.Flag("interleaved", false)};
}

}  // namespace

// Inputs x, cosines, sines, places.
OpRun PrepareRotaryEmbedding(const OpInit& init) {
  init.NeedInputs(3, 4);
  return [r = ReadRotary(init),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor places = Optional(in, 3);
    return Tensors{TurnAny(r, in[0], AtPlaces(in[1], places, *uploads),
                           AtPlaces(in[2], places, *uploads))};
  };
}

// ONNX Runtime's: inputs x, places, cosines, sines; one place is that of the
// first element.
OpRun PreparePlacedRotaryEmbedding(const OpInit& init) {
  init.NeedInputs(4, 4);
  return [r = ReadRotary(init),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    at::Tensor places = in[1];
    const int64_t length = in[0].size(in[0].dim() == 4 ? 2 : 1);
    if (places.dim() < 2) {
      places =
          (at::arange(length, at::kLong) + ToInts(places).at(0)).unsqueeze(0);
    }
    return Tensors{TurnAny(r, in[0], AtPlaces(in[2], places, *uploads),
                           AtPlaces(in[3], places, *uploads))};
  };
}

// past with the update written along an axis, from each row's index on.
OpRun PrepareTensorScatter(const OpInit& init) {
  init.NeedInputs(2, 3);
  const bool circular = init.String("mode", "linear") == "circular";
  return [circular, axis = init.Int("axis", -2),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor &past = in[0], &update = in[1];
    const int64_t along = WrapAxis(axis, past.dim());
    TORCH_CHECK(along > 0 && update.dim() == past.dim(),
                "an axis behind the rows' is needed");
    const int64_t size = past.size(along), count = update.size(along);
    TORCH_CHECK(count <= size, "an update of ", count, " of ", size);
    const std::vector<int64_t> starts =
        Optional(in, 2).defined() ? ToInts(in[2])
                                  : std::vector<int64_t>(past.size(0), 0);
    TORCH_CHECK(static_cast<int64_t>(starts.size()) == past.size(0),
                "an index for each row is needed");
    Tensors rows;
    for (int64_t row = 0; row < past.size(0); ++row) {
      at::Tensor index = at::arange(count, at::kLong) + starts[row];
      if (circular) index = at::remainder(index, size);
      rows.push_back(past.select(0, row).index_copy(
          along - 1, uploads->Get(index, past.device()),
          update.select(0, row)));
    }
    return Tensors{at::stack(rows)};
  };
}

}  // namespace phosphene::onnx
