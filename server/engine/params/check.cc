// Checks a parameterization: rules of its fields, canvas, colour, start, and
// what its kind has to say.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/params/color.h"
#include "server/engine/params/interface.h"
#include "server/engine/params/morph.h"
#include "server/rules/rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

void CheckConstant(const v1::Init::ConstantInit& constant, int64_t channels,
                   absl::string_view field, Faults& faults) {
  const int count = constant.values_size();
  if (count <= 1 || count == channels || channels == 0) return;
  faults.Add(field, absl::StrCat("has ", count, " entries; allowed: 1 or ",
                                 channels, ", one a channel"));
}

// That the arm can start from an image or a constant.
void CheckStart(const v1::Parameterization& spec, const std::string& field,
                Faults& faults) {
  const ParamKind* kind = FindParamKind(spec);
  if (kind == nullptr) return;  // its own fault
  const auto why = kind->why_not_from_image;
  const std::string reason = why == nullptr ? "" : why(spec);
  if (why != nullptr && reason.empty()) return;
  faults.Add(
      field,
      absl::StrCat(
          "this ", kind->arm, " cannot start from an image or a constant",
          why != nullptr
              ? absl::StrCat(": ", reason)
              : absl::StrCat("; ", ParamKindsThat([](const ParamKind& kind) {
                               return kind.why_not_from_image != nullptr;
                             }),
                             " can")));
}

std::string BuiltIn() {
  return ParamKindsThat([](const ParamKind&) { return true; });
}

void CheckColor(const v1::ColorSpace& spec, int64_t channels,
                absl::string_view path, Faults& faults) {
  const std::string basis = absl::StrCat(path, ".basis");
  const std::string matrix = absl::StrCat(path, ".matrix");
  if (!v1::ColorSpace::Basis_IsValid(spec.basis())) return;
  const bool needs_rgb = spec.basis() != v1::ColorSpace::BASIS_UNSPECIFIED &&
                         spec.basis() != v1::ColorSpace::RGB;
  if (needs_rgb && channels != 0 && channels != 3 && channels != 4) {
    faults.Add(basis,
               absl::StrCat(v1::ColorSpace::Basis_Name(spec.basis()),
                            " needs 3 or 4 channels; there are ", channels));
  }
  if (spec.basis() != v1::ColorSpace::CUSTOM) {
    if (spec.matrix_size() > 0) faults.Add(matrix, "is for basis CUSTOM alone");
  } else if (spec.matrix().empty()) {
    faults.Add(matrix, "is required by basis CUSTOM; allowed: 9 entries");
    return;
  }
  const bool finite =
      std::all_of(spec.matrix().begin(), spec.matrix().end(),
                  [](double value) { return std::isfinite(value); });
  if (spec.basis() == v1::ColorSpace::CUSTOM && spec.matrix_size() == 9 &&
      finite && !IsInvertible(BasisMatrix(spec))) {
    faults.Add(matrix, "is not invertible");
  }
}

// An object's own texture needs an object, and a skin that can take it.
void CheckOriginal(const v1::Parameterization& spec, const std::string& field,
                   Faults& faults) {
  const ParamKind* kind = FindParamKind(spec);
  if (kind == nullptr) return;
  if (kind->has_surface) return CheckStart(spec, field, faults);
  faults.Add(field, absl::StrCat(kind->arm,
                                 " paints no object with a texture of its own; "
                                 "allowed with: ",
                                 ParamKindsThat([](const ParamKind& other) {
                                   return other.has_surface;
                                 })));
}

// The start needs an arm and channels that can take it.
void CheckInit(const v1::Parameterization& spec, int64_t channels,
               absl::string_view path, Faults& faults) {
  const v1::Init& init = spec.init();
  const std::string field = absl::StrCat(path, ".init");
  switch (init.kind_case()) {
    case v1::Init::kImage:
      if (channels > 1 && channels != 3 && channels != 4) {
        faults.Add(
            absl::StrCat(field, ".image"),
            absl::StrCat("needs 1, 3 or 4 channels; there are ", channels));
      }
      break;
    case v1::Init::kConstant:
      CheckConstant(init.constant(), channels,
                    absl::StrCat(field, ".constant.values"), faults);
      break;
    case v1::Init::kMorph:
      return CheckMorph(spec, absl::StrCat(field, ".morph"), faults);
    case v1::Init::kOriginal:
      return CheckOriginal(spec, absl::StrCat(field, ".original"), faults);
    case v1::Init::kCheckpoint:
    case v1::Init::KIND_NOT_SET:
      return;
  }
  CheckStart(spec, field, faults);
}

}  // namespace

Canvas KnownCanvasOf(const v1::Parameterization& spec) {
  Canvas canvas = CanvasOf(spec);
  const auto knows = [&spec](const char* field) {
    Faults faults;
    AddFieldFaults(spec, field, "", faults);
    return faults.empty();
  };
  const bool has_width = knows("width");
  if (!knows("rows")) canvas.rows = 0;
  if (!knows("channels")) canvas.channels = 0;
  if (!has_width) canvas.width = 0;
  if (!knows("height") || (spec.height() == 0 && !has_width)) canvas.height = 0;
  return canvas;
}

absl::Status CheckParam(const v1::Parameterization& spec,
                        absl::string_view path) {
  Verdict verdict;
  AddRuleFaults(spec, path, verdict.faults());
  const ParamKind* kind = FindParamKind(spec);
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, v1::Parameterization::descriptor()->FindOneofByName("kind"));
  if (kind == nullptr && arm != nullptr) {
    verdict.AddUnimplemented(
        absl::StrCat(path, ".", arm->name()),
        absl::StrCat("this parameterization is not built in; allowed: ",
                     BuiltIn()));
  }
  const int64_t channels = KnownCanvasOf(spec).channels;
  Faults faults;
  CheckColor(spec.color(), channels, absl::StrCat(path, ".color"), faults);
  CheckInit(spec, channels, path, faults);
  if (kind != nullptr && kind->check != nullptr)
    kind->check(spec, path, faults);
  verdict.Join(faults.ToStatus(), path);
  return verdict.ToStatus();
}

}  // namespace phosphene
