// A page that shows the textured mesh in any browser.
#include "server/meshes/write/html.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/base/status_macros.h"
#include "server/engine/outputs/mesh_file.h"

namespace phosphene {
namespace {

// What the page says it shows: what was maximized, on which network.
std::string CaptionOf(const v1::JobSpec& spec) {
  std::vector<std::string> lines;
  if (!spec.model().empty()) lines.push_back(spec.model());
  for (const v1::Objective& objective : spec.objectives()) {
    if (objective.weight() >= 0)
      lines.push_back(objective.label().empty() ? objective.ShortDebugString()
                                                : objective.label());
  }
  lines.push_back(absl::StrCat("seed ", spec.seed()));
  return absl::StrJoin(lines, "\n");
}

absl::StatusOr<std::vector<RunArtifact>> Make(const OutputSource& source,
                                              const v1::Output& output,
                                              absl::string_view name) {
  ASSIGN_OR_RETURN(const TexturedMesh* const object, ObjectOf(source));
  HtmlOptions options;
  if (output.html().has_quality()) options.quality = output.html().quality();
  options.title = std::string(name);
  options.caption = CaptionOf(source.spec);
  ASSIGN_OR_RETURN(std::string bytes,
                   EncodeHtml(*object->mesh, object->atlas, options));
  return OneFile(name, "text/html", std::move(bytes));
}

}  // namespace

const OutputKind& HtmlOutputKind() {
  static const OutputKind kind = {.arm = "html",
                                  .default_name = "viewer.html",
                                  .make = Make,
                                  .is_picture = false,
                                  .needs_surface = true};
  return kind;
}

}  // namespace phosphene
