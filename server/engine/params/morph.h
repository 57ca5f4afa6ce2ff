#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "phosphene/v1/parameterization.pb.h"
#include "server/base/faults.h"
#include "server/engine/params/interface.h"

namespace phosphene {

// Where a row of a morph stands: a share `ease` of the way from checkpoint
// `from` to `to`.
struct MorphPoint {
  int64_t from = 0;
  int64_t to = 0;
  double ease = 0;  // 0..1, slow at both ends
};

// The place of `row` of `rows` on the loop through `count` checkpoints. Row
// `rows` would be row 0 again. REQUIRES: 0 <= row < rows, count >= 2.
MorphPoint MorphPointOf(int64_t row, int64_t rows, int64_t count);

// Sets each row of the tensors to its place between the checkpoints,
// p = (p0 (1-t) + p1 t) (1 + exaggeration t (1-t)) (lucid's xy2rgb notebook).
// FAILED_PRECONDITION: a checkpoint of another parameterization or of more
// rows than one.
absl::Status StartFromMorph(Param& param, const v1::Init::MorphInit& morph,
                            const ParamContext& context);

// Adds a fault at `path` for a parameterization whose tensors have no rows.
void CheckMorph(const v1::Parameterization& spec, absl::string_view path,
                Faults& faults);

}  // namespace phosphene
