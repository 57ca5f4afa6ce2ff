// Makes the files of a spec's outputs, each under its name.
#include <iterator>
#include <optional>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/faults.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/params/surface.h"

namespace phosphene {
namespace {

// Those asked for, else one PNG.
std::vector<v1::Output> OutputsOf(const v1::JobSpec& spec) {
  std::vector<v1::Output> outputs(spec.outputs().begin(), spec.outputs().end());
  if (outputs.empty()) outputs.emplace_back().mutable_png();
  return outputs;
}

// "image.png", "image-2.png", ...: the first not taken.
std::string FreeName(const std::string& name,
                     const std::set<std::string>& taken) {
  const size_t dot = name.rfind('.');
  std::string candidate = name;
  for (int i = 2; taken.count(candidate); ++i) {
    candidate = absl::StrCat(name.substr(0, dot), "-", i, name.substr(dot));
  }
  return candidate;
}

// The name of each output.
std::vector<std::string> NamesOf(const std::vector<v1::Output>& outputs) {
  std::set<std::string> taken;
  for (const v1::Output& output : outputs) taken.insert(output.name());
  std::vector<std::string> names;
  for (const v1::Output& output : outputs) {
    names.push_back(output.name().empty()
                        ? FreeName(FindOutputKind(output)->default_name, taken)
                        : output.name());
    taken.insert(names.back());
  }
  return names;
}

}  // namespace

absl::StatusOr<std::vector<RunArtifact>> MakeOutputs(
    const OutputSource& source) {
  const std::vector<v1::Output> outputs = OutputsOf(source.spec);
  const std::vector<std::string> names = NamesOf(outputs);
  std::set<std::string> taken(names.begin(), names.end());
  std::optional<TexturedMesh> object;
  const OutputSource named = {source.spec, source.param, source.checkpoint,
                              source.stop, &taken,       &object};
  std::vector<RunArtifact> artifacts;
  for (size_t i = 0; i < outputs.size(); ++i) {
    auto files = FindOutputKind(outputs[i])->make(named, outputs[i], names[i]);
    if (absl::IsCancelled(files.status())) return files.status();
    if (!files.ok()) {
      return Annotate(files.status(), absl::StrCat("spec.outputs[", i, "]"));
    }
    artifacts.insert(artifacts.end(), std::make_move_iterator(files->begin()),
                     std::make_move_iterator(files->end()));
  }
  return artifacts;
}

}  // namespace phosphene
