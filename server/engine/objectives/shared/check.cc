// Checks an objective and those below it: rules of the fields, layers, and what
// each kind has to say.
#include "absl/strings/str_cat.h"
#include "server/base/range_fault.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/fields.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/rules/rules.h"
#include "server/rules/verdict.h"

namespace phosphene {
namespace {

// Asks every kind of a tree, within the tree's bounds: what is beyond them is
// a fault already.
class Walk {
 public:
  Walk(const NetworkInfo* network, const Canvas& canvas, Verdict& verdict)
      : network_(network), canvas_(canvas), verdict_(verdict) {}

  void Visit(const v1::Objective& spec, absl::string_view path, int depth) {
    if (depth > bounds_.max_depth() || ++objectives_ > bounds_.max_count())
      return;
    const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
        spec, v1::Objective::descriptor()->FindOneofByName("kind"));
    if (arm == nullptr || verdict_.full()) return;
    const ObjectiveKind* kind = FindObjectiveKind(spec);
    if (kind == nullptr) {
      verdict_.AddUnimplemented(absl::StrCat(path, ".", arm->name()),
                                "this objective is not built in");
    } else if (kind->check != nullptr) {
      Faults faults;
      kind->check(spec, network_, canvas_, path, faults);
      verdict_.Join(faults.ToStatus(), path);
    }
    for (const Term& term : TermsOf(spec, path))
      Visit(*term.spec, term.path, depth + 1);
  }

 private:
  const NetworkInfo* const network_;
  const Canvas& canvas_;
  Verdict& verdict_;
  const v1::MessageRules& bounds_ = RulesOf(*v1::Objective::descriptor());
  int objectives_ = 0;
};

// Adds the layers that the network does not have, with the nearest names.
void CheckLayers(const v1::Objective& spec, const NetworkInfo& network,
                 absl::string_view path, Verdict& verdict) {
  VisitTexts(spec, path, v1::FieldRules::LAYER, [&](const RuledText& layer) {
    if (layer.value == "input" || layer.value == "image" || verdict.full())
      return;
    const absl::Status found = network.Resolve(layer.value).status();
    if (!found.ok() && !verdict.HasAt(layer.path))
      verdict.faults().Add(layer.path, std::string(found.message()));
  });
}

}  // namespace

absl::Status CheckObjective(const v1::Objective& spec,
                            const NetworkInfo* network, const Canvas& canvas,
                            absl::string_view path) {
  Verdict verdict;
  AddRuleFaults(spec, path, verdict.faults());
  if (network != nullptr) CheckLayers(spec, *network, path, verdict);
  Walk(network, canvas, verdict).Visit(spec, path, 1);
  return verdict.ToStatus();
}

void CheckChannel(const NetworkInfo* network, absl::string_view layer,
                  int64_t channel, absl::string_view path, Faults& faults) {
  Canvas unknown;
  unknown.channels = 0;
  const int64_t channels = LayerChannels(network, unknown, layer);
  if (channels == 0 || (channel >= 0 && channel < channels)) return;
  faults.Add(path, OutOfRange(absl::StrCat(channel),
                              absl::StrCat("0..", channels - 1,
                                           ", the channels of ", layer)));
}

}  // namespace phosphene
