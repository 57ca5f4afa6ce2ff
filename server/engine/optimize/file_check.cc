// Looks into the files that a spec names.

#include "server/engine/optimize/file_check.h"

#include <map>
#include <string>
#include <utility>

#include "server/base/status_macros.h"
#include "server/engine/optimize/checkpoint.h"
#include "server/engine/optimize/plan.h"
#include "server/imaging/whole.h"
#include "server/meshes/read_mesh.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

absl::Status CheckFile(const std::string& bytes, v1::FieldRules::Holds holds) {
  switch (holds) {
    case v1::FieldRules::IMAGE:
      return TryImage(bytes, BlobImageLimits());
    case v1::FieldRules::MESH:
      return ReadMesh(bytes).status();
    case v1::FieldRules::CHECKPOINT:
      return ParseCheckpoint(bytes).status();
    default:
      return absl::OkStatus();
  }
}

}  // namespace

void CheckFiles(const v1::JobSpec& spec, const EngineInputs& inputs,
                Verdict& verdict) {
  // A file that several fields name is read once.
  std::map<std::pair<std::string, int>, absl::Status> known;
  VisitTexts(spec, "spec", v1::FieldRules::BLOB, [&](const RuledText& blob) {
    if (blob.holds == v1::FieldRules::ANYTHING || verdict.full() ||
        verdict.HasAt(blob.path)) {
      return;
    }
    const auto [entry, is_new] =
        known.try_emplace({blob.value, blob.holds}, absl::OkStatus());
    if (is_new) {
      const absl::StatusOr<std::string> bytes = inputs.read_blob(blob.value);
      if (bytes.ok()) entry->second = CheckFile(*bytes, blob.holds);
    }
    if (!entry->second.ok()) {
      verdict.faults().Add(blob.path, std::string(entry->second.message()));
    }
  });
}

}  // namespace phosphene
