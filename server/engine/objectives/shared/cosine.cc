// Dot product times a power of the cosine. Source: lucid _dot_cossim.
#include "server/engine/objectives/shared/cosine.h"

namespace phosphene {

at::Tensor DotCosine(const at::Tensor& a, const at::Tensor& v, double power) {
  const at::Tensor dot = (a * v).sum(1);
  if (power == 0) return dot;
  // Under the root a trifle, so that a dead position has gradient 0 and not
  // 0/0.
  const auto norm = [](const at::Tensor& t) {
    return ((t * t).sum(1) + 1e-12).sqrt() + 1e-4;
  };
  const at::Tensor cosine = dot / (norm(a) * norm(v));
  return dot * cosine.clamp_min(0.1).pow(power);
}

}  // namespace phosphene
