#include "server/engine/params/check.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/range_fault.h"
#include "server/engine/params/color.h"
#include "server/engine/params/morph.h"

namespace phosphene {
namespace {

constexpr int kMaxSide = 32768;
constexpr int kMaxRows = 256;
constexpr int kMaxChannels = 64;
constexpr double kMaxNoise = 10;

void CheckConstant(const v1::Init::ConstantInit& constant, int64_t channels,
                   absl::string_view field, Faults& faults) {
  if (constant.values_size() != 1 && constant.values_size() != channels) {
    faults.Add(field,
               absl::StrCat("has ", constant.values_size(), " values; 1 or ",
                            channels, " (one a channel) are allowed"));
  }
  for (double value : constant.values())
    RequireRange(value, 0, 1, field, faults);
}

// That the arm can start from an image or a constant.
void CheckStart(const v1::Parameterization& spec, const std::string& field,
                Faults& faults) {
  const ParamKind* kind = FindParamKind(spec);
  if (kind == nullptr) return;  // its own fault
  const auto* why = kind->why_not_from_image;
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

}  // namespace

void CheckSd(double sd, absl::string_view field, Faults& faults) {
  if (std::isfinite(sd) && sd >= 0) return;
  faults.Add(field,
             absl::StrCat(
                 sd, " is no standard deviation; it must be finite and >= 0"));
}

void CheckBlobName(absl::string_view name, absl::string_view field,
                   Faults& faults) {
  constexpr absl::string_view kPrefix = "blobs/";
  const bool fits =
      absl::StartsWith(name, kPrefix) && name.size() == kPrefix.size() + 64 &&
      name.find_first_not_of("0123456789abcdef", kPrefix.size()) ==
          absl::string_view::npos;
  if (fits) return;
  faults.Add(field,
             absl::StrCat(
                 "\"", name.substr(0, 100),
                 "\" is no blob name; it must be \"blobs/\" and 64 lower-case "
                 "hexadecimal digits"));
}

void CheckCanvas(const v1::Parameterization& spec, absl::string_view path,
                 Faults& faults) {
  const Canvas canvas = CanvasOf(spec);
  RequireRange(canvas.width, 1, kMaxSide, absl::StrCat(path, ".width"), faults);
  if (spec.height() != 0) {
    RequireRange(canvas.height, 1, kMaxSide, absl::StrCat(path, ".height"),
                 faults);
  }
  RequireRange(canvas.rows, 1, kMaxRows, absl::StrCat(path, ".rows"), faults);
  RequireRange(canvas.channels, 1, kMaxChannels,
               absl::StrCat(path, ".channels"), faults);
}

void CheckColor(const v1::ColorSpace& spec, int64_t channels,
                absl::string_view path, Faults& faults) {
  RequireKnown(v1::ColorSpace::Squash_IsValid(spec.squash()), spec.squash(),
               "SIGMOID, CLIP", absl::StrCat(path, ".squash"), faults);
  const std::string basis = absl::StrCat(path, ".basis");
  const std::string matrix = absl::StrCat(path, ".matrix");
  if (!RequireKnown(v1::ColorSpace::Basis_IsValid(spec.basis()), spec.basis(),
                    "DECORRELATED, RGB, CUSTOM, YCBCR", basis, faults)) {
    return;
  }
  const bool needs_rgb = spec.basis() != v1::ColorSpace::BASIS_UNSPECIFIED &&
                         spec.basis() != v1::ColorSpace::RGB;
  if (needs_rgb && channels != 3 && channels != 4) {
    faults.Add(basis,
               absl::StrCat(v1::ColorSpace::Basis_Name(spec.basis()),
                            " needs 3 or 4 channels; there are ", channels));
  }
  if (spec.basis() != v1::ColorSpace::CUSTOM) {
    if (spec.matrix_size() > 0) faults.Add(matrix, "is for basis CUSTOM alone");
  } else if (spec.matrix_size() != 9) {
    faults.Add(matrix, absl::StrCat("has ", spec.matrix_size(),
                                    " values; 9 (3x3) are needed"));
  } else if (!IsInvertible(BasisMatrix(spec))) {
    faults.Add(matrix, "is not finite and invertible");
  }
}

void CheckInit(const v1::Parameterization& spec, absl::string_view path,
               Faults& faults) {
  if (!spec.has_init()) return;
  const v1::Init& init = spec.init();
  const int64_t channels = CanvasOf(spec).channels;
  const std::string field = absl::StrCat(path, ".init");
  if (init.has_noise()) {
    RequireRange(init.noise(), 0, kMaxNoise, absl::StrCat(field, ".noise"),
                 faults);
  }
  switch (init.kind_case()) {
    case v1::Init::kImage:
      CheckBlobName(init.image(), absl::StrCat(field, ".image"), faults);
      if (channels != 1 && channels != 3 && channels != 4) {
        faults.Add(
            absl::StrCat(field, ".image"),
            absl::StrCat("needs 1, 3 or 4 channels; there are ", channels));
      }
      break;
    case v1::Init::kConstant:
      CheckConstant(init.constant(), channels,
                    absl::StrCat(field, ".constant.values"), faults);
      break;
    case v1::Init::kCheckpoint:
      CheckBlobName(init.checkpoint(), absl::StrCat(field, ".checkpoint"),
                    faults);
      return;
    case v1::Init::kMorph:
      CheckMorph(spec, absl::StrCat(field, ".morph"), faults);
      return;
    case v1::Init::KIND_NOT_SET:
      faults.Add(
          field,
          "is empty; it needs one of image, constant, checkpoint, morph");
      return;
  }
  CheckStart(spec, field, faults);
}

absl::Status CheckParam(const v1::Parameterization& spec,
                        absl::string_view path) {
  const ParamKind* kind = FindParamKind(spec);
  const auto* kinds =
      v1::Parameterization::descriptor()->FindOneofByName("kind");
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(spec, kinds);
  if (kind == nullptr && arm != nullptr) {
    return absl::UnimplementedError(absl::StrCat(
        path, ".", arm->name(), ": this parameterization is not built in; ",
        BuiltIn(), " are"));
  }
  Faults faults;
  CheckCanvas(spec, path, faults);
  CheckColor(spec.color(), CanvasOf(spec).channels,
             absl::StrCat(path, ".color"), faults);
  CheckInit(spec, path, faults);
  if (spec.has_mask()) {
    CheckBlobName(spec.mask().image(), absl::StrCat(path, ".mask.image"),
                  faults);
  }
  if (kind == nullptr) {
    faults.Add(path, absl::StrCat("needs one of ", BuiltIn()));
  } else {
    kind->check(spec, path, faults);
  }
  return faults.ToStatus();
}

}  // namespace phosphene
