// Arithmetic on two or more tensors, broadcast as ONNX and ATen both do.

#include <limits>

#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/ops/uploads.h"
#include "server/engine/tensor/width.h"

namespace phosphene::onnx {
namespace {

bool IsWhole(const at::Tensor& x) {
  return at::isIntegralType(x.scalar_type(), true);
}

// The processor traps on integers that have no quotient: a divisor of 0, and
// the least one of their type over -1.
void RequireQuotient(const at::Tensor& a, const at::Tensor& b) {
  if (!IsWhole(a) || !IsWhole(b)) return;
  TORCH_CHECK(!b.eq(0).any().item<bool>(), "divides an integer by 0");
  const int64_t least = at::result_type(a, b) == at::kLong
                            ? std::numeric_limits<int64_t>::min()
                            : std::numeric_limits<int32_t>::min();
  const bool signs =
      at::isSignedType(a.scalar_type()) && at::isSignedType(b.scalar_type());
  TORCH_CHECK(!signs || !b.to(at::kLong).eq(-1).any().item<bool>() ||
                  !a.to(at::kLong).eq(least).any().item<bool>(),
              "divides the least integer by -1");
}

at::Tensor Divide(const at::Tensor& a, const at::Tensor& b) {
  RequireQuotient(a, b);
  // Integers divide as in C, towards zero.
  return IsWhole(a) && IsWhole(b) ? at::div(a, b, "trunc") : at::div(a, b);
}

// The base decides the type of the power.
at::Tensor Power(const at::Tensor& base, const at::Tensor& exponent) {
  const at::ScalarType type = base.scalar_type();
  // A scalar exponent takes ATen's short ways for squares and roots; reading
  // one off a device would wait for it.
  if (exponent.is_cpu() && exponent.numel() == 1 && exponent.dim() <= 1 &&
      !exponent.requires_grad() && !IsWhole(base)) {
    return at::pow(base, exponent.item());
  }
  if (IsWhole(base) && !IsWhole(exponent)) {
    return at::pow(base.to(at::kDouble), exponent.to(at::kDouble)).to(type);
  }
  return at::pow(base, exponent).to(type);
}

OpRun Fold(const OpInit& init,
           at::Tensor (*fn)(const at::Tensor& a, const at::Tensor& b)) {
  init.NeedInputs(1);
  return OnOneDevice([fn](const Tensors& in) {
    at::Tensor out = in[0];
    for (size_t i = 1; i < in.size(); ++i) out = fn(out, in[i]);
    return Tensors{out};
  });
}

at::Tensor Add(const at::Tensor& a, const at::Tensor& b) {
  const Widened wide;  // each element is rounded once
  return at::add(a, b);
}

}  // namespace

OpRun PrepareAdd(const OpInit& init) { return Binary(init, Add); }
OpRun PrepareSub(const OpInit& init) {
  return Binary(init, [](const at::Tensor& a, const at::Tensor& b) {
    return at::sub(a, b);
  });
}
OpRun PrepareMul(const OpInit& init) {
  return Binary(init, [](const at::Tensor& a, const at::Tensor& b) {
    return at::mul(a, b);
  });
}
OpRun PrepareDiv(const OpInit& init) { return Binary(init, Divide); }
OpRun PreparePow(const OpInit& init) {
  const at::Tensor known = init.HostConstant(1);
  return [known, bring = Binary(init, Power)](const Tensors& in) {
    // One number is read on the host; all else is computed on one device.
    const at::Tensor& exponent = known.defined() ? known : in[1];
    const bool number =
        exponent.is_cpu() && exponent.numel() == 1 && exponent.dim() <= 1;
    return number && !IsWhole(in[0]) ? Tensors{Power(in[0], exponent)}
                                     : bring(in);
  };
}
OpRun PrepareMax(const OpInit& init) { return Fold(init, at::maximum); }
OpRun PrepareMin(const OpInit& init) { return Fold(init, at::minimum); }
OpRun PrepareSum(const OpInit& init) { return Fold(init, Add); }

OpRun PrepareMean(const OpInit& init) {
  init.NeedInputs(1);
  return [sum = PrepareSum(init)](const Tensors& in) {
    return Tensors{sum(in)[0] / static_cast<double>(in.size())};
  };
}

OpRun PrepareMod(const OpInit& init) {
  // fmod: the sign of the dividend, as in C; else that of the divisor.
  if (init.Flag("fmod", false)) {
    return Binary(init, [](const at::Tensor& a, const at::Tensor& b) {
      RequireQuotient(a, b);
      return at::fmod(a, b);
    });
  }
  return Binary(init, [](const at::Tensor& a, const at::Tensor& b) {
    RequireQuotient(a, b);
    return at::remainder(a, b);
  });
}

}  // namespace phosphene::onnx
