// A contact sheet of weights and sizes of a style, to choose from.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/base/failure.h"
#include "client/base/units.h"
#include "client/presets/presets.h"
#include "client/presets/style_size.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Of the style against the balanced weight, a column each.
constexpr double kWeights[] = {0.3, 1, 3};
// Of the style against what covers the canvas, a line each.
constexpr double kRooms[] = {StyleOptions::kStyleRoom, 2, 3.5};

Size TrySize(Size canvas) {
  const double longest = std::max({canvas.width, canvas.height, 1});
  const double factor = std::min(1.0, StyleTry::kSide / longest);
  const auto side = [&](int full) {
    return std::max(1, static_cast<int>(std::lround(full * factor)));
  };
  return {side(canvas.width), side(canvas.height)};
}

// A style's longest side in pixels, so much larger than what covers the canvas.
int LongestAt(double room, Size style, Size canvas) {
  return std::max(
      1, static_cast<int>(std::lround(room * CoveringScale(style, canvas) *
                                      std::max(style.width, style.height))));
}

std::string FlagsOf(const StyleOptions& options, double room, double weight) {
  std::vector<std::string> flags;
  if (room != StyleOptions::kStyleRoom) {
    flags.push_back(
        absl::StrCat("--style-size ",
                     LongestAt(room, options.style_sizes[0], options.size)));
  }
  if (weight != 1)
    flags.push_back(absl::StrCat("--style-weight ", FormatNumber(weight)));
  return absl::StrJoin(flags, " ");
}

// What every cell shares: the spec of the small canvas, less its styles.
absl::StatusOr<v1::JobSpec> SharedSpec(const StyleOptions& options,
                                       SpecOptions common) {
  const std::vector<std::string> files = std::move(common.outputs);
  common.outputs.clear();
  if (!common.steps) common.steps = StyleTry::kSteps;
  ASSIGN_OR_RETURN(v1::JobSpec spec, StyleSpec(options, common));
  auto* objectives = spec.mutable_objectives();
  while (!objectives->empty() &&
         objectives->Get(objectives->size() - 1).has_gram_style()) {
    objectives->RemoveLast();
  }
  RETURN_IF_ERROR(AddOutputs(files, OutputStyle::kSheet, &spec));
  for (v1::Output& output : *spec.mutable_outputs()) {
    if (output.has_contact_sheet()) {
      output.mutable_contact_sheet()->set_columns(std::size(kWeights));
    }
  }
  return spec;
}

}  // namespace

absl::StatusOr<StyleTry> StyleTrySpec(const StyleOptions& options,
                                      const SpecOptions& common) {
  if (options.style_size || options.style_scale) {
    return FlagError(options.style_size ? "--style-size" : "--style-scale",
                     "and --try exclude each other: that tries sizes");
  }
  if (options.style_sizes.empty() || options.style_sizes[0].width < 1) {
    return FlagError("--try",
                     "the size of the first style is not known; name "
                     "a file");
  }
  StyleOptions small = options;
  small.size = TrySize(options.size);
  SpecOptions shared = common;
  shared.size = "";
  StyleTry out;
  ASSIGN_OR_RETURN(out.spec, SharedSpec(small, shared));
  shared.outputs.clear();
  int row = 0;
  for (size_t line = 0; line < std::size(kRooms); ++line) {
    small.style_size =
        LongestAt(kRooms[line], options.style_sizes[0], small.size);
    for (size_t column = 0; column < std::size(kWeights); ++column, ++row) {
      small.style_weight = options.style_weight * kWeights[column];
      ASSIGN_OR_RETURN(const v1::JobSpec cell, StyleSpec(small, shared));
      for (const v1::Objective& objective : cell.objectives()) {
        if (!objective.has_gram_style()) continue;
        v1::Objective* own = out.spec.add_objectives();
        *own = objective;
        own->set_row(row);
      }
      out.cells.push_back({static_cast<int>(line) + 1,
                           static_cast<int>(column) + 1,
                           FlagsOf(options, kRooms[line],
                                   options.style_weight * kWeights[column])});
    }
  }
  out.spec.mutable_parameterization()->set_rows(row);
  return out;
}

}  // namespace phosphene::client
