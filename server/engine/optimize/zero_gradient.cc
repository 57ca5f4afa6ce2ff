// Watches for rows that no longer move.

#include "server/engine/optimize/zero_gradient.h"

#include <algorithm>

#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace phosphene {
namespace {

constexpr int64_t kTellFrom = 20;  // steps

// Stops at the first element that is not: usually the first of all.
bool IsZero(const at::Tensor& gradient) {
  if (!gradient.is_cpu() || !gradient.is_contiguous()) {
    return gradient.count_nonzero().item<int64_t>() == 0;
  }
  const float* data = gradient.const_data_ptr<float>();
  const float* end = data + gradient.numel();
  return std::find_if(data, end, [](float value) { return value != 0; }) == end;
}

}  // namespace

void ZeroGradientWatch::Observe(const std::vector<ParamTensor>& parameters,
                                int64_t step) {
  size_t count = 1;
  bool shared_moves = false;
  for (const ParamTensor& p : parameters) {
    if (p.per_row) count = std::max<size_t>(count, p.value.size(0));
    if (!p.per_row) shared_moves = shared_moves || !IsZero(p.value.grad());
  }
  std::vector<bool> zero(count);
  for (size_t row = 0; row < count; ++row) {
    zero[row] =
        !shared_moves &&
        std::all_of(parameters.begin(), parameters.end(),
                    [row](const ParamTensor& p) {
                      return !p.per_row || IsZero(p.value.grad().select(
                                               0, static_cast<int64_t>(row)));
                    });
  }
  ObserveRows(zero, step);
}

void ZeroGradientWatch::ObserveRows(const std::vector<bool>& zero,
                                    int64_t step) {
  rows_.resize(zero.size());
  for (size_t row = 0; row < zero.size(); ++row) {
    Row& own = rows_[row];
    if (!zero[row]) {
      own.zero_since = -1;
      continue;
    }
    if (own.zero_since < 0) own.zero_since = step;
    const int64_t length = step - own.zero_since + 1;
    if (length > own.longest) {
      own.longest = length;
      own.longest_from = own.zero_since;
    }
  }
}

std::vector<std::string> ZeroGradientWatch::Warnings(int64_t steps) const {
  // Rows of the same spell share a sentence.
  std::map<std::pair<int64_t, int64_t>, std::vector<size_t>> spells;
  for (size_t row = 0; row < rows_.size(); ++row) {
    const Row& own = rows_[row];
    const bool throughout = own.longest > 0 && own.longest == steps;
    if (own.longest >= kTellFrom || throughout) {
      spells[{own.longest_from, own.longest}].push_back(row);
    }
  }
  std::vector<std::string> out;
  for (const auto& [spell, rows] : spells) {
    out.push_back(absl::StrCat(
        "gradient was zero for ", spell.second, " steps (", spell.first, "..",
        spell.first + spell.second - 1, ")",
        rows_.size() == 1 ? ""
                          : absl::StrCat(" in row ", absl::StrJoin(rows, ", ")),
        "; the image does not move there: another seed, layer or redirected "
        "ReLU may help"));
  }
  return out;
}

std::map<std::string, at::Tensor> ZeroGradientWatch::Save() const {
  const auto rows = static_cast<int64_t>(rows_.size());
  at::Tensor state = at::empty({rows, 3}, at::kLong);
  for (int64_t row = 0; row < rows; ++row) {
    state[row][0].fill_(rows_[row].zero_since);
    state[row][1].fill_(rows_[row].longest_from);
    state[row][2].fill_(rows_[row].longest);
  }
  return {{"zero_gradient", state}};
}

void ZeroGradientWatch::Load(const std::map<std::string, at::Tensor>& state) {
  const auto found = state.find("zero_gradient");
  if (found == state.end() || found->second.dim() != 2 ||
      found->second.size(1) != 3 || found->second.scalar_type() != at::kLong) {
    return;
  }
  rows_.clear();
  for (int64_t row = 0; row < found->second.size(0); ++row) {
    const at::Tensor own = found->second[row];
    rows_.push_back({own[0].item<int64_t>(), own[1].item<int64_t>(),
                     own[2].item<int64_t>()});
  }
}

}  // namespace phosphene
