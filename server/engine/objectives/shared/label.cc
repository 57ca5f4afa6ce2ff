// The name of an objective in progress events.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/objectives/shared/terms.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

constexpr size_t kMaxLength = 96;

// "inception_4c/output:10": the layers an arm names, and its channel or class.
std::string Target(const v1::Objective& spec) {
  switch (spec.kind_case()) {
    case v1::Objective::kChannel:
      return absl::StrCat(spec.channel().layer(), ":",
                          spec.channel().channel());
    case v1::Objective::kNeuron:
      return absl::StrCat(spec.neuron().layer(), ":", spec.neuron().channel());
    case v1::Objective::kChannelInterpolate: {
      const auto& own = spec.channel_interpolate();
      return absl::StrCat(own.from_layer(), ":", own.from_channel(), ">",
                          own.to_layer(), ":", own.to_channel());
    }
    case v1::Objective::kClassLogit:
      return spec.class_logit().target_case() == v1::ClassLogitObjective::kIndex
                 ? absl::StrCat(spec.class_logit().index())
                 : spec.class_logit().class_label();
    default:
      break;
  }
  return "";
}

// The layers of an arm that is not spelled out above.
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
    std::string target = Target(spec);
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
