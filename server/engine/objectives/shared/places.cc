// Every place of one picture finds the place of another that is most like it.
// Source: Distill 2018, appendix, infinite patterns (objective v2).
#include "server/engine/objectives/shared/places.h"

#include <algorithm>
#include <tuple>
#include <vector>

namespace phosphene {
namespace {

// Who is most like whom.
struct Likes {
  at::Tensor of_reference;  // [m]: the image's place like each of its
  at::Tensor of_image;      // [n]
};

// S a few of the reference's places at a time: it is never whole in memory.
// The first of equals wins.
Likes FindLikes(const at::Tensor& image, const at::Tensor& reference) {
  const at::NoGradGuard no_grad;
  const int64_t m = reference.size(1), n = image.size(1);
  const int64_t most = std::max<int64_t>(1, kMostCosines / n);
  std::vector<at::Tensor> of_reference;
  at::Tensor best, of_image;
  for (int64_t begin = 0; begin < m; begin += most) {
    const at::Tensor some =
        reference.narrow(1, begin, std::min(most, m - begin));
    const at::Tensor cosines = at::mm(some.t(), image);
    of_reference.push_back(std::get<1>(cosines.max(1)));
    const auto [value, place] = cosines.max(0);
    if (!best.defined()) {
      best = value;
      of_image = place;
      continue;
    }
    of_image = at::where(value > best, place + begin, of_image);
    best = at::maximum(value, best);
  }
  return {at::cat(of_reference), of_image};
}

// [] of one row's unit places [C,n].
at::Tensor Alike(const at::Tensor& image, const at::Tensor& reference) {
  const Likes likes = FindLikes(image.detach(), reference);
  // The slope of a maximum is that of where it is.
  const at::Tensor by_image =
      (image * reference.index_select(1, likes.of_image)).sum(0).mean();
  const at::Tensor by_reference =
      (reference * image.index_select(1, likes.of_reference)).sum(0).mean();
  return by_image + by_reference;
}

}  // namespace

at::Tensor UnitPlaces(const at::Tensor& places) {
  return places * (places.square().sum(0, /*keepdim=*/true) +
                   kLeastLength * kLeastLength)
                      .rsqrt();
}

at::Tensor PlacesAlike(const at::Tensor& act, const at::Tensor& reference) {
  std::vector<at::Tensor> rows;
  for (int64_t row = 0; row < act.size(0); ++row) {
    rows.push_back(Alike(UnitPlaces(act[row].flatten(1)), reference));
  }
  return at::stack(rows);
}

}  // namespace phosphene
