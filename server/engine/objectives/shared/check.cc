#include <cmath>

#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/terms.h"

namespace phosphene {
namespace {

// Bounds of an expression tree, before anything is made of it.
constexpr int kMaxDepth = 16;
constexpr int kMaxNodes = 256;
constexpr size_t kMaxLabel = 128;

// The fields every objective has.
void CheckShare(const v1::Objective& spec, const Canvas& canvas,
                absl::string_view path, Faults& faults) {
  if (spec.has_weight() && !std::isfinite(spec.weight())) {
    faults.Add(absl::StrCat(path, ".weight"),
               absl::StrCat(spec.weight(), " is not finite"));
  }
  if (spec.has_row()) {
    RequireRange(spec.row(), 0, static_cast<double>(canvas.rows - 1),
                 absl::StrCat(path, ".row"), faults);
  }
  if (spec.label().size() > kMaxLabel) {
    faults.Add(absl::StrCat(path, ".label"),
               absl::StrCat("has ", spec.label().size(), " bytes, at most ",
                            kMaxLabel));
  }
}

struct Walk {
  const NetworkInfo* network;
  const Canvas& canvas;
  Faults faults;
  absl::Status unimplemented;
  int nodes = 0;

  void Visit(const v1::Objective& spec, absl::string_view path, int depth) {
    if (++nodes > kMaxNodes) {
      if (nodes == kMaxNodes + 1) {
        faults.Add(path, absl::StrCat("the expression has more than ",
                                      kMaxNodes, " objectives"));
      }
      return;
    }
    if (depth > kMaxDepth) {
      faults.Add(path, absl::StrCat("the expression is deeper than ", kMaxDepth,
                                    " levels"));
      return;
    }
    CheckShare(spec, canvas, path, faults);
    const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
        spec, v1::Objective::descriptor()->FindOneofByName("kind"));
    if (arm == nullptr) {
      faults.Add(path, "no objective is set");
      return;
    }
    const ObjectiveKind* kind = FindObjectiveKind(spec);
    if (kind == nullptr) {
      unimplemented.Update(absl::UnimplementedError(absl::StrCat(
          path, ".", arm->name(), ": this objective is not built in")));
      return;
    }
    kind->check(spec, network, canvas, path, faults);
    for (const Term& term : TermsOf(spec, path))
      Visit(*term.spec, term.path, depth + 1);
  }
};

}  // namespace

absl::Status CheckObjective(const v1::Objective& spec,
                            const NetworkInfo* network, const Canvas& canvas,
                            absl::string_view path) {
  Walk walk{network, canvas, {}, {}, 0};
  walk.Visit(spec, path, 1);
  return walk.unimplemented.ok() ? walk.faults.ToStatus() : walk.unimplemented;
}

void CheckLayer(const NetworkInfo* network, absl::string_view layer,
                absl::string_view path, Faults& faults) {
  if (layer.empty()) {
    faults.Add(path, "is required");
    return;
  }
  if (network == nullptr || layer == "input" || layer == "image") return;
  const auto resolved = network->Resolve(layer);
  if (!resolved.ok()) faults.Add(path, resolved.status().message());
}

void CheckChannel(const NetworkInfo* network, absl::string_view layer,
                  int64_t channel, absl::string_view path, Faults& faults) {
  Canvas unknown;
  unknown.channels = 0;
  const int64_t channels = LayerChannels(network, unknown, layer);
  if (channel >= 0 && (channels == 0 || channel < channels)) return;
  faults.Add(
      path,
      absl::StrCat("channel ", channel, " of ", layer, " is out of range 0..",
                   channels == 0 ? "" : absl::StrCat(channels - 1)));
}

}  // namespace phosphene
