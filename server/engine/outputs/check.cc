// Checks the outputs of a spec: rules, kinds, and what fits the canvas.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/outputs/picture.h"
#include "server/rules/rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

// All rows of one output together.
constexpr int64_t kMaxOutputPixels = int64_t{1} << 28;

// Most pixels on a side, as the rules say of both sides.
int64_t MaxSide() {
  return static_cast<int64_t>(
      RulesOf(*v1::Output::descriptor()->FindFieldByName("width")).max());
}

// What an output whose fields keep their rules must be to the canvas. Rows and
// names are told by AddRelationFaults.
void CheckSize(const v1::Output& output, const Canvas& canvas,
               const ParamKind* painted, const std::string& path,
               Faults& faults) {
  int64_t max_side = MaxSide();
  if (painted != nullptr && painted->max_picture_side > 0)
    max_side = std::min(max_side, painted->max_picture_side);
  // A canvas out of range is told of where it is stated.
  if (canvas.height < 1 || canvas.width < 1 || canvas.rows < 1) return;
  if (canvas.height > max_side || canvas.width > max_side) return;
  const Canvas size = RenderSize(output, canvas);
  if (size.width > max_side || size.height > max_side ||
      size.rows * size.width * size.height > kMaxOutputPixels) {
    faults.Add(
        path, absl::StrCat(size.rows, " images of ", size.width, " x ",
                           size.height, " are too large; allowed: ", max_side,
                           " on a side, ", kMaxOutputPixels, " pixels in all"));
  }
}

void CheckOne(const v1::Output& output, const OutputKind& kind,
              const v1::JobSpec& spec, const std::string& path,
              Verdict& verdict) {
  const v1::Parameterization& param = spec.parameterization();
  const ParamKind* painted = FindParamKind(param);
  if (kind.is_picture && !verdict.HasAt(path))
    CheckSize(output, KnownCanvasOf(param), painted, path, verdict.faults());
  if (kind.needs_surface && painted != nullptr && !painted->has_surface) {
    verdict.faults().Add(
        absl::StrCat(path, ".", kind.arm),
        absl::StrCat("is a file of an object in space, ", painted->arm,
                     " paints a picture; allowed with: ",
                     ParamKindsThat([](const ParamKind& other) {
                       return other.has_surface;
                     })));
  }
}

}  // namespace

absl::Status CheckOutputs(const v1::JobSpec& spec) {
  Verdict verdict;
  AddFieldFaults(spec, "outputs", "spec", verdict.faults());
  for (int i = 0; i < spec.outputs_size() && !verdict.full(); ++i) {
    const v1::Output& output = spec.outputs(i);
    const std::string path = absl::StrCat("spec.outputs[", i, "]");
    if (output.kind_case() == v1::Output::KIND_NOT_SET) continue;
    const OutputKind* kind = FindOutputKind(output);
    if (kind == nullptr) {
      const auto* field =
          v1::Output::descriptor()->FindFieldByNumber(output.kind_case());
      verdict.AddUnimplemented(absl::StrCat(path, ".", field->name()),
                               "this output is not built in");
      continue;
    }
    CheckOne(output, *kind, spec, path, verdict);
  }
  return verdict.ToStatus();
}

}  // namespace phosphene
