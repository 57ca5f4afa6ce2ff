// The name of an objective in progress events.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

constexpr size_t kMaxLength = 96;

// The layers of an arm that does not say its target.
std::string Layers(const google::protobuf::Message& arm) {
  std::vector<std::string> names;
  VisitTexts(arm, "", v1::FieldRules::LAYER,
             [&](const RuledText& layer) { names.push_back(layer.value); });
  return absl::StrJoin(names, "+");
}

}  // namespace

std::string ObjectiveLabel(const v1::Objective& spec) {
  if (!spec.label().empty()) return spec.label();
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, v1::Objective::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return "unset";
  std::string out = arm->name();
  const std::vector<Term> terms = TermsOf(spec, "");
  if (!terms.empty()) {
    std::vector<std::string> inner;
    for (const Term& term : terms) inner.push_back(ObjectiveLabel(*term.spec));
    absl::StrAppend(&out, "(", absl::StrJoin(inner, ", "), ")");
  } else {
    const ObjectiveKind* kind = FindObjectiveKind(spec);
    std::string target;
    if (kind != nullptr && kind->target != nullptr) target = kind->target(spec);
    if (target.empty())
      target = Layers(spec.GetReflection()->GetMessage(spec, arm));
    if (!target.empty()) absl::StrAppend(&out, " ", target);
  }
  if (out.size() > kMaxLength) {
    out.resize(kMaxLength - 3);
    out.append("...");
  }
  return out;
}

}  // namespace phosphene
