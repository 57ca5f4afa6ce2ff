// All rows in a grid with a gap between them.
#include "server/base/status_macros.h"
#include "server/engine/outputs/picture.h"
#include "server/imaging/layout.h"

namespace phosphene {
namespace {

constexpr int kDefaultGap = 4;

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const std::vector<Image8> rows, RenderRows(source, output));
  const v1::ContactSheetOutput& sheet = output.contact_sheet();
  const Image8 image = Grid(
      rows, {sheet.columns(), sheet.has_gap() ? sheet.gap() : kDefaultGap});
  ASSIGN_OR_RETURN(std::string bytes,
                   EncodePngOf(source.spec, /*metadata=*/true, image));
  return OneFile(name, "image/png", std::move(bytes), image.width,
                 image.height);
}

}  // namespace

const OutputKind& ContactSheetOutputKind() {
  static const OutputKind kind = {
      .arm = "contact_sheet", .default_name = "sheet.png", .make = Make};
  return kind;
}

}  // namespace phosphene
