// Operators that make shapes, change them, or make tensors of a shape.

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <numeric>

#include "server/engine/onnx/file/optional_squeeze.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/uploads.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

// Axes from an attribute or, since opset 13, from input 1, in 0..rank-1 and
// ascending.
std::vector<int64_t> AxesOf(const std::vector<int64_t>& stated,
                            const Tensors& in, int64_t rank) {
  std::vector<int64_t> axes =
      Optional(in, 1).defined() ? ToInts(in[1]) : stated;
  for (int64_t& axis : axes) axis = WrapAxis(axis, rank);
  std::sort(axes.begin(), axes.end());
  return axes;
}

int64_t Product(at::IntArrayRef sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), int64_t{1},
                         std::multiplies<int64_t>());
}

}  // namespace

OpRun PrepareConcat(const OpInit& init) {
  init.NeedInputs(1);
  if (!init.Has("axis")) init.Fail("has no axis");
  return OnOneDevice([axis = init.Int("axis", 0)](const Tensors& in) {
    const Widened wide;  // elements are moved
    return Tensors{in.size() == 1 ? in[0]
                                  : at::cat(in, WrapAxis(axis, in[0].dim()))};
  });
}

// As in inference, whatever its file says: what comes in goes out, and nothing
// is masked.
OpRun PrepareDropout(const OpInit& init) {
  init.NeedInputs(1, 3);
  return [](const Tensors& in) {
    return Tensors{in[0], at::ones_like(in[0], at::kBool)};
  };
}

OpRun PrepareIdentity(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [](const Tensors& in) { return Tensors{in[0]}; };
}

OpRun PrepareFlatten(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [axis = init.Int("axis", 1)](const Tensors& in) {
    // An axis equal to the rank is allowed here.
    const int64_t rank = in[0].dim();
    const int64_t at = axis == rank ? rank : WrapAxis(axis, rank);
    const at::IntArrayRef sizes = in[0].sizes();
    return Tensors{
        in[0].reshape({Product(sizes.slice(0, at)), Product(sizes.slice(at))})};
  };
}

OpRun PrepareReshape(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [keep_zero = init.Flag("allowzero", false)](const Tensors& in) {
    std::vector<int64_t> shape = ToInts(in[1]);
    for (size_t i = 0; i < shape.size(); ++i) {
      if (shape[i] != 0 || keep_zero) continue;
      TORCH_CHECK(static_cast<int64_t>(i) < in[0].dim(), "axis ", i,
                  " has no size to keep");
      shape[i] = in[0].size(static_cast<int64_t>(i));
    }
    return Tensors{in[0].reshape(shape)};
  };
}

OpRun PrepareTranspose(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [order = init.Ints("perm")](const Tensors& in) {
    std::vector<int64_t> axes = order;
    if (axes.empty()) {
      axes.resize(in[0].dim());
      std::iota(axes.rbegin(), axes.rend(), 0);
    }
    return Tensors{in[0].permute(axes)};
  };
}

OpRun PrepareSqueeze(const OpInit& init) {
  init.NeedInputs(1, 2);
  return [stated = init.Ints("axes"),
          only_if_one = init.Flag(kOnlyIfOne, false)](const Tensors& in) {
    const std::vector<int64_t> axes = AxesOf(stated, in, in[0].dim());
    if (axes.empty()) return Tensors{in[0].squeeze()};
    if (only_if_one) return Tensors{in[0].squeeze(axes)};
    for (int64_t axis : axes) {
      TORCH_CHECK(in[0].size(axis) == 1, "axis ", axis, " has ",
                  in[0].size(axis), " elements, not 1");
    }
    return Tensors{in[0].squeeze(axes)};
  };
}

OpRun PrepareUnsqueeze(const OpInit& init) {
  init.NeedInputs(1, 2);
  return [stated = init.Ints("axes")](const Tensors& in) {
    const int64_t added = Optional(in, 1).defined()
                              ? in[1].numel()
                              : static_cast<int64_t>(stated.size());
    // ATen's own limit, before a long list is worked off.
    TORCH_CHECK(in[0].dim() + added <= 64, "a tensor of ", in[0].dim() + added,
                " axes; at most 64");
    at::Tensor out = in[0];
    for (int64_t axis : AxesOf(stated, in, in[0].dim() + added))
      out = out.unsqueeze(axis);
    return Tensors{out};
  };
}

OpRun PrepareExpand(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [](const Tensors& in) {
    // Both sides broadcast: a 1 in the shape keeps the input's size.
    const std::vector<int64_t> shape =
        at::infer_size(in[0].sizes(), ToInts(in[1]));
    CheckSize(shape);
    return Tensors{in[0].expand(shape)};
  };
}

OpRun PrepareTile(const OpInit& init) {
  init.NeedInputs(2, 2);
  return [](const Tensors& in) {
    const std::vector<int64_t> repeats = ToInts(in[1]);
    TORCH_CHECK(static_cast<int64_t>(repeats.size()) == in[0].dim(),
                "it repeats ", repeats.size(), " axes of ", in[0].dim());
    std::vector<int64_t> shape;
    for (size_t i = 0; i < repeats.size(); ++i) {
      CheckSize({repeats[i]});
      shape.push_back(repeats[i] * in[0].size(static_cast<int64_t>(i)));
    }
    CheckSize(shape);
    return Tensors{in[0].repeat(repeats)};
  };
}

OpRun PrepareShape(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [start = init.Int("start", 0),
          end = init.Int("end", INT64_MAX)](const Tensors& in) {
    const int64_t rank = in[0].dim();
    const auto clamp = [rank](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
    };
    const int64_t first = clamp(start),
                  count = std::max<int64_t>(clamp(end) - first, 0);
    return Tensors{at::tensor(in[0].sizes().slice(first, count), at::kLong)};
  };
}

OpRun PrepareSize(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [](const Tensors& in) {
    return Tensors{at::scalar_tensor(in[0].numel(), at::kLong)};
  };
}

OpRun PrepareCast(const OpInit& init) {
  init.NeedInputs(1, 1);
  if (!init.Has("to")) init.Fail("does not say what to cast to");
  return [to = init.Computed(init.Type("to", at::kFloat))](const Tensors& in) {
    return Tensors{in[0].to(to)};
  };
}

OpRun PrepareCastLike(const OpInit& init) {
  init.NeedInputs(2, 2);
  // Where x is, wherever the other one is.
  return
      [](const Tensors& in) { return Tensors{in[0].to(in[1].scalar_type())}; };
}

// The same bytes as another type of the same size.
OpRun PrepareBitCast(const OpInit& init) {
  init.NeedInputs(1, 1);
  if (!init.Has("to")) init.Fail("does not say what to cast to");
  return [to = init.Type("to", at::kFloat)](const Tensors& in) {
    TORCH_CHECK(
        in[0].element_size() == static_cast<int64_t>(c10::elementSize(to)),
        "the bytes of ", in[0].scalar_type(), " are no ", to);
    return Tensors{in[0].contiguous().view(to)};
  };
}

OpRun PrepareConstantOfShape(const OpInit& init) {
  init.NeedInputs(1, 1);
  at::Tensor value = init.Tensor("value");
  if (!value.defined()) value = at::zeros({1}, at::kFloat);
  if (value.numel() != 1) init.Fail("has a value of more than one element");
  const at::ScalarType type = init.Computed(value.scalar_type());
  const bool on_device = at::isFloatingType(type);
  return [value = value.item(), type,
          device = on_device ? init.options.device
                             : at::Device(at::kCPU)](const Tensors& in) {
    const std::vector<int64_t> shape = ToInts(in[0]);
    CheckSize(shape);
    return Tensors{
        at::full(shape, value, at::TensorOptions(type).device(device))};
  };
}

OpRun PrepareRange(const OpInit& init) {
  init.NeedInputs(3, 3);
  const Tensors known = {init.HostConstant(0), init.HostConstant(1),
                         init.HostConstant(2)};
  return [known, uploads = std::make_shared<Uploads>()](const Tensors& in) {
    const at::ScalarType type = in[0].scalar_type();
    const auto number = [&](size_t i) {
      return (known[i].defined() ? known[i] : in[i]).item().toDouble();
    };
    const double start = number(0), limit = number(1), step = number(2);
    TORCH_CHECK(step != 0, "the step is 0");
    const double count = std::max(std::ceil((limit - start) / step), 0.0);
    TORCH_CHECK(count < static_cast<double>(INT32_MAX), "a range of ", count,
                " numbers");
    CheckSize({static_cast<int64_t>(count)});
    const at::Tensor numbers =
        at::arange(static_cast<int64_t>(count), at::kDouble) * step + start;
    return Tensors{uploads->Get(numbers.to(type), in[0].device())};
  };
}

OpRun PrepareEyeLike(const OpInit& init) {
  init.NeedInputs(1, 1);
  return [offset = init.Int("k", 0), typed = init.Has("dtype"),
          type = init.Computed(init.Type("dtype", at::kFloat))](
             const Tensors& in) {
    TORCH_CHECK(in[0].dim() == 2, "a matrix is needed");
    at::Tensor out =
        at::zeros(in[0].sizes(),
                  in[0].options().dtype(typed ? type : in[0].scalar_type()));
    if (offset < in[0].size(1) && offset > -in[0].size(0))
      out.diagonal(offset).fill_(1);
    return Tensors{out};
  };
}

}  // namespace phosphene::onnx
