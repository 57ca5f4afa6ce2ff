// Sums over the positions of layers, tile by tile.
#include "server/engine/objectives/shared/summed.h"

#include <algorithm>

namespace phosphene {

void Sums::Add(const Sums& tile) {
  parts.resize(std::max(parts.size(), tile.parts.size()));
  for (size_t i = 0; i < tile.parts.size(); ++i) {
    const at::Tensor more = tile.parts[i].detach().to(at::kDouble);
    parts[i] = parts[i].defined() ? parts[i] + more : more;
  }
  counts.resize(std::max(counts.size(), tile.counts.size()));
  for (size_t i = 0; i < tile.counts.size(); ++i) counts[i] += tile.counts[i];
  terms.resize(std::max(terms.size(), tile.terms.size()));
  for (size_t i = 0; i < tile.terms.size(); ++i) terms[i].Add(tile.terms[i]);
}

Sums Sums::Rounded() const {
  Sums out = *this;
  for (at::Tensor& part : out.parts) part = part.to(at::kFloat);
  for (Sums& term : out.terms) term = term.Rounded();
  return out;
}

Summed::Summed(const std::vector<std::string>& layers)
    : reads_network_(std::any_of(layers.begin(), layers.end(),
                                 [](const std::string& layer) {
                                   return layer != "input" && layer != "image";
                                 })) {}

Sums OverPlaces(const at::Tensor& values) {
  Sums sums;
  sums.parts = {values.sum({1, 2})};
  sums.counts = {static_cast<double>(values.size(1) * values.size(2))};
  return sums;
}

Sums OverValues(const at::Tensor& values) {
  Sums sums;
  sums.parts = {values.sum({1, 2, 3})};
  sums.counts = {
      static_cast<double>(values.size(1) * values.size(2) * values.size(3))};
  return sums;
}

at::Tensor MeanOf(const Sums& sums) { return sums.parts[0] / sums.counts[0]; }

}  // namespace phosphene
