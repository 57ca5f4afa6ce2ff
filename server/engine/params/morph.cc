// Rows on the way from checkpoint to checkpoint: p = (p0 (1-t) + p1 t)
// (1 + exaggeration t (1-t)). Source: lucid xy2rgb notebook.
#include "server/engine/params/morph.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

using Tensors = std::map<std::string, at::Tensor>;

constexpr double kDefaultExaggeration = 1;

// That `values` hold each tensor of `param` for one row.
absl::Status CheckFits(const std::vector<ParamTensor>& tensors,
                       const Tensors& values) {
  for (const ParamTensor& tensor : tensors) {
    const auto it = values.find(tensor.name);
    if (it == values.end()) {
      return absl::FailedPreconditionError(
          absl::StrCat("holds no tensor \"", tensor.name,
                       "\"; its parameterization differs"));
    }
    std::vector<int64_t> one_row = tensor.value.sizes().vec();
    if (!one_row.empty()) one_row[0] = 1;
    if (it->second.sizes() == at::IntArrayRef(one_row)) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("tensor \"", tensor.name, "\" is ",
                     absl::StrJoin(it->second.sizes(), "x"),
                     "; a morph of this parameterization needs ",
                     absl::StrJoin(one_row, "x")));
  }
  return absl::OkStatus();
}

}  // namespace

MorphPoint MorphPointOf(int64_t row, int64_t rows, int64_t count) {
  const int64_t place = row * count;  // in rows-ths of a checkpoint
  const double share =
      static_cast<double>(place % rows) / static_cast<double>(rows);
  const int64_t from = place / rows;
  return {from, (from + 1) % count,
          (1 - std::cos(std::numbers::pi * share)) / 2};
}

absl::Status StartFromMorph(Param& param, const v1::Init::MorphInit& morph,
                            const ParamContext& context) {
  if (!context.load_tensors) {
    return absl::FailedPreconditionError("no checkpoints can be loaded here");
  }
  const std::vector<ParamTensor> tensors = param.Tensors();
  std::vector<Tensors> stops;
  for (const std::string& blob : morph.checkpoints()) {
    ASSIGN_OR_RETURN(Tensors values, context.load_tensors(blob));
    const absl::Status fits = CheckFits(tensors, values);
    if (!fits.ok()) return Annotate(fits, absl::StrCat("init.morph ", blob));
    stops.push_back(std::move(values));
  }
  const double extra =
      morph.has_exaggeration() ? morph.exaggeration() : kDefaultExaggeration;
  const at::NoGradGuard no_grad;
  for (const ParamTensor& tensor : tensors) {
    const int64_t rows = tensor.value.size(0);
    for (int64_t row = 0; row < rows; ++row) {
      const MorphPoint at =
          MorphPointOf(row, rows, static_cast<int64_t>(stops.size()));
      const double factor = 1 + extra * at.ease * (1 - at.ease);
      const at::Tensor mixed =
          (stops[at.from].at(tensor.name)[0] * (1 - at.ease) +
           stops[at.to].at(tensor.name)[0] * at.ease) *
          factor;
      tensor.value[row].copy_(mixed);
    }
  }
  return absl::OkStatus();
}

void CheckMorph(const v1::Parameterization& spec, absl::string_view path,
                Faults& faults) {
  const ParamKind* kind = FindParamKind(spec);
  if (kind == nullptr || kind->tensors_have_rows) return;
  faults.Add(path,
             absl::StrCat("needs a parameterization whose tensors have rows: ",
                          ParamKindsThat([](const ParamKind& kind) {
                            return kind.tensors_have_rows;
                          })));
}

}  // namespace phosphene
