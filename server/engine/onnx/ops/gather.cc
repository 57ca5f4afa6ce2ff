// Operators that pick elements, or put them somewhere.

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/select.h"
#include "server/engine/onnx/ops/uploads.h"

namespace phosphene::onnx {
namespace {

// Throws where an index on the host is outside of 0..size-1.
void CheckInside(const at::Tensor& index, int64_t size) {
  if (!index.is_cpu() || index.numel() == 0) return;
  const at::Tensor flat = index.contiguous().view(-1);
  const int64_t* at = flat.const_data_ptr<int64_t>();
  TORCH_CHECK(std::all_of(at, at + flat.numel(),
                          [size](int64_t i) { return i >= 0 && i < size; }),
              "an index is outside of an axis of ", size, " elements");
}

// Indices below 0 counted from the end of `size`, where they were. Outside of
// an axis on a device one would end all jobs there: indices of the host are
// checked, others are held inside.
at::Tensor FromStart(const at::Tensor& indices, int64_t size,
                     const at::Tensor& x) {
  const at::Tensor wide = indices.to(at::kLong);
  const at::Tensor index = at::where(wide < 0, wide + size, wide);
  if (x.is_cpu()) return index;
  if (!index.is_cpu())
    return index.clamp(0, std::max<int64_t>(size - 1, 0)).to(x.device());
  CheckInside(index, size);
  return index;
}

// x along an axis at a flat index that FromStart gave.
at::Tensor Select(const at::Tensor& x, int64_t axis, const at::Tensor& index,
                  Uploads& uploads) {
  return index.is_cpu() ? SelectAlong(x, axis, index, uploads)
                        : x.index_select(axis, index);
}

// Where a row of N-d indices points in x seen as [places, inner].
at::Tensor LinearIndex(const at::Tensor& indices, at::IntArrayRef sizes,
                       const at::Tensor& x) {
  at::Tensor linear =
      at::zeros(indices.sizes().slice(0, indices.dim() - 1),
                at::TensorOptions(at::kLong).device(indices.device()));
  const int64_t depth = indices.size(-1);
  for (int64_t k = 0; k < depth; ++k) {
    const at::Tensor index = FromStart(indices.select(-1, k), sizes[k], x);
    CheckInside(index, sizes[k]);
    linear = linear * sizes[k] + index;
  }
  return linear;
}

int64_t Product(at::IntArrayRef sizes) {
  int64_t product = 1;
  for (int64_t size : sizes) product *= size;
  return product;
}

// Where indices along an axis point in a tensor of these sizes seen as flat.
at::Tensor FlatPlaces(const at::Tensor& index, int64_t along,
                      at::IntArrayRef sizes) {
  at::Tensor flat = at::zeros_like(index);
  for (int64_t axis = 0; axis < index.dim(); ++axis) {
    std::vector<int64_t> shape(static_cast<size_t>(index.dim()), 1);
    shape[static_cast<size_t>(axis)] = index.size(axis);
    flat = flat * sizes[axis] +
           (axis == along ? index : at::arange(index.size(axis)).view(shape));
  }
  return flat.reshape(-1);
}

// ATen's name of an ONNX reduction; "" for none.
std::string ReductionOf(const OpInit& init) {
  const std::string name = init.String("reduction", "none");
  if (name == "none") return "";
  if (name == "add") return "sum";
  if (name == "mul") return "prod";
  if (name == "max") return "amax";
  if (name == "min") return "amin";
  init.Fail("has a reduction other than none, add, mul, max and min");
}

at::Tensor ScatterAlong(const at::Tensor& x, int64_t axis,
                        const at::Tensor& index, const at::Tensor& updates,
                        const std::string& reduction) {
  if (reduction.empty()) return x.scatter(axis, index, updates);
  return at::scatter_reduce(x, axis, index, updates, reduction,
                            /*include_self=*/true);
}

}  // namespace

// Whole slices of x along an axis: out[.., i, ..] = x[.., index[i], ..].
OpRun PrepareGather(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [axis = init.Int("axis", 0),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const int64_t along = WrapAxis(axis, in[0].dim());
    const at::Tensor index = FromStart(in[1], in[0].size(along), in[0]);
    std::vector<int64_t> shape = in[0].sizes().slice(0, along).vec();
    shape.insert(shape.end(), index.sizes().begin(), index.sizes().end());
    shape.insert(shape.end(), in[0].sizes().begin() + along + 1,
                 in[0].sizes().end());
    CheckSize(shape);
    return Tensors{
        Select(in[0], along, index.reshape(-1), *uploads).view(shape)};
  };
}

// out[i][j] = x[index[i][j]][j] for axis 0.
OpRun PrepareGatherElements(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [axis = init.Int("axis", 0),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const int64_t along = WrapAxis(axis, in[0].dim());
    const at::Tensor index = FromStart(in[1], in[0].size(along), in[0]);
    if (in[0].is_cpu() || !index.is_cpu())
      return Tensors{at::gather(in[0], along, index)};
    return Tensors{SelectAlong(in[0].reshape(-1), 0,
                               FlatPlaces(index, along, in[0].sizes()),
                               *uploads)
                       .view(index.sizes())};
  };
}

// Slices of x at points: the last axis of the indices is a point.
OpRun PrepareGatherND(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [batch_axes = init.Int("batch_dims", 0),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor &x = in[0], &indices = in[1];
    TORCH_CHECK(indices.dim() >= 1 && batch_axes >= 0 &&
                    batch_axes < indices.dim() &&
                    batch_axes + indices.size(-1) <= x.dim(),
                "the indices do not fit the data");
    const int64_t batch = Product(x.sizes().slice(0, batch_axes)),
                  depth = indices.size(-1);
    const at::IntArrayRef picked = x.sizes().slice(batch_axes, depth);
    const at::IntArrayRef inner = x.sizes().slice(batch_axes + depth);
    const at::Tensor linear =
        LinearIndex(indices.reshape({batch, -1, depth}), picked, x);
    const at::Tensor offset =
        at::arange(batch, linear.options()).unsqueeze(1) * Product(picked);
    const at::Tensor rows = Select(x.reshape({batch * Product(picked), -1}), 0,
                                   (linear + offset).view(-1), *uploads);
    std::vector<int64_t> shape =
        indices.sizes().slice(0, indices.dim() - 1).vec();
    shape.insert(shape.end(), inner.begin(), inner.end());
    return Tensors{rows.reshape(shape)};
  };
}

// The reverse of GatherElements: x with the updates put, or added, in.
OpRun PrepareScatterElements(const OpInit& init) {
  init.NeedInputs(3, 3);
  return [axis = init.Int("axis", 0), reduction = ReductionOf(init),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const int64_t along = WrapAxis(axis, in[0].dim());
    const at::Tensor index = FromStart(in[1], in[0].size(along), in[0]);
    return Tensors{ScatterAlong(
        in[0], along, uploads->Get(index, in[0].device()), in[2], reduction)};
  };
}

OpRun PrepareScatter(const OpInit& init) {
  return PrepareScatterElements(init);
}

// The reverse of GatherND.
OpRun PrepareScatterND(const OpInit& init) {
  init.NeedInputs(3, 3);
  return [reduction = ReductionOf(init),
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor &x = in[0], &indices = in[1];
    TORCH_CHECK(indices.dim() >= 1 && indices.size(-1) <= x.dim(),
                "the indices do not fit the data");
    const at::IntArrayRef picked = x.sizes().slice(0, indices.size(-1));
    const at::Tensor rows = x.reshape({Product(picked), -1});
    const at::Tensor updates = in[2].reshape({-1, rows.size(1)});
    const at::Tensor index =
        uploads->Get(LinearIndex(indices, picked, x), x.device())
            .reshape({-1, 1})
            .expand(updates.sizes());
    return Tensors{
        ScatterAlong(rows, 0, index, updates, reduction).view(x.sizes())};
  };
}

namespace {

// x[axis from:to:step], bounds clamped as in Python.
at::Tensor SliceAxis(const at::Tensor& x, int64_t axis, int64_t from,
                     int64_t to, int64_t step, Uploads& uploads) {
  const int64_t size = x.size(axis);
  TORCH_CHECK(step != 0, "the step is 0");
  // Wraps and clamps without overflowing near the ends of int64.
  const auto clamp = [size](int64_t at, int64_t low, int64_t high) {
    return std::clamp(at < 0 ? std::max(at, -size - 1) + size : at, low, high);
  };
  if (step > 0) {
    const int64_t first = clamp(from, 0, size), last = clamp(to, 0, size);
    return x.slice(axis, first, std::max(first, last), step);
  }
  // An end below -size means: down to the first element.
  const int64_t first = clamp(from, -1, size - 1);
  const int64_t last = clamp(to, -1, size - 1);
  step = std::max(step, -size - 1);
  const int64_t count = first > last ? (first - last - step - 1) / -step : 0;
  const at::Tensor index = first + at::arange(count, at::kLong) * step;
  return SelectAlong(x, axis, index, uploads);
}

}  // namespace

// Before opset 10 the bounds are attributes, later inputs.
OpRun PrepareSlice(const OpInit& init) {
  init.NeedInputs(1, 5);
  const auto starts = init.Ints("starts"), ends = init.Ints("ends"),
             axes = init.Ints("axes");
  return [=, uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const auto list = [&](size_t i, const std::vector<int64_t>& stated) {
      return Optional(in, i).defined() ? ToInts(in[i]) : stated;
    };
    const auto from = list(1, starts), to = list(2, ends),
               along = list(3, axes), step = list(4, {});
    TORCH_CHECK(from.size() == to.size() &&
                    (along.empty() || along.size() == from.size()) &&
                    (step.empty() || step.size() == from.size()),
                "starts, ends, axes and steps differ in number");
    at::Tensor out = in[0];
    for (size_t i = 0; i < from.size(); ++i) {
      const int64_t axis = along.empty() ? static_cast<int64_t>(i) : along[i];
      out = SliceAxis(out, WrapAxis(axis, out.dim()), from[i], to[i],
                      step.empty() ? 1 : step[i], *uploads);
    }
    return Tensors{out};
  };
}

OpRun PrepareSplit(const OpInit& init) {
  init.NeedInputs(1, 2);
  const int64_t parts =
      init.Int("num_outputs", static_cast<int64_t>(init.node.outputs.size()));
  if (parts < 1 || parts > kMaxNodeInputs) {
    init.Fail(absl::StrCat("splits into ", parts, " parts; allowed are 1 to ",
                           kMaxNodeInputs));
  }
  return [parts, axis = init.Int("axis", 0),
          stated = init.Ints("split")](const Tensors& in) {
    const int64_t along = WrapAxis(axis, in[0].dim()), size = in[0].size(along);
    std::vector<int64_t> sizes =
        Optional(in, 1).defined() ? ToInts(in[1]) : stated;
    if (sizes.empty()) {
      // Equal parts; the last is smaller when they do not come out even.
      const int64_t each = (size + parts - 1) / parts;
      for (int64_t i = 0; i < parts; ++i) {
        sizes.push_back(std::clamp<int64_t>(size - i * each, 0, each));
      }
    }
    return in[0].split_with_sizes(sizes, along);
  };
}

// values = [off, on].
OpRun PrepareOneHot(const OpInit& init) {
  init.NeedInputs(3, 3);
  const at::Tensor known = init.HostConstant(1);
  return [axis = init.Int("axis", -1), known,
          uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const int64_t depth =
        known.defined() ? known.item().toLong() : in[1].item().toLong();
    const int64_t along = WrapAxis(axis, in[0].dim() + 1);
    std::vector<int64_t> shape = in[0].sizes().vec();
    shape.push_back(depth);
    CheckSize(shape);
    const at::Tensor wide = in[0].to(at::kLong);
    const at::Tensor index = at::where(wide < 0, wide + depth, wide);
    const at::Tensor hot =
        index.unsqueeze(-1) == at::arange(depth, index.options());
    return Tensors{
        at::where(uploads->Get(hot, in[2].device()), in[2][1], in[2][0])
            .movedim(-1, along)};
  };
}

OpRun PrepareNonZero(const OpInit& init) {
  return Unary(init, [](const at::Tensor& x) { return at::nonzero(x).t(); });
}

OpRun PrepareCompress(const OpInit& init) {
  init.NeedInputs(2, 2);
  const std::optional<int64_t> axis =
      init.Has("axis") ? std::make_optional(init.Int("axis", 0)) : std::nullopt;
  return [axis, uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::Tensor x = axis ? in[0] : in[0].reshape(-1);
    const at::Tensor index = at::nonzero(in[1].to(at::kBool)).view(-1);
    return Tensors{
        Select(x, axis ? WrapAxis(*axis, x.dim()) : 0, index, *uploads)};
  };
}

OpRun PrepareTrilu(const OpInit& init) {
  init.NeedInputs(1, 2);
  return [upper = init.Flag("upper", true)](const Tensors& in) {
    const int64_t offset = Optional(in, 1).defined() ? ToInts(in[1]).at(0) : 0;
    return Tensors{upper ? at::triu(in[0], offset) : at::tril(in[0], offset)};
  };
}

}  // namespace phosphene::onnx
