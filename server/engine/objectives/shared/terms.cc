// Objectives made of objectives: their terms, shares and state.
#include "server/engine/objectives/shared/terms.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/base/status_macros.h"

namespace phosphene {

std::vector<Term> TermsOf(const v1::Objective& spec, absl::string_view path) {
  std::vector<Term> out;
  const auto* arm = spec.GetReflection()->GetOneofFieldDescriptor(
      spec, v1::Objective::descriptor()->FindOneofByName("kind"));
  if (arm == nullptr) return out;
  const google::protobuf::Message& message =
      spec.GetReflection()->GetMessage(spec, arm);
  const auto* reflection = message.GetReflection();
  for (int f = 0; f < arm->message_type()->field_count(); ++f) {
    const auto* field = arm->message_type()->field(f);
    if (field->message_type() != v1::Objective::descriptor()) continue;
    const std::string at =
        absl::StrCat(path, ".", arm->name(), ".", field->name());
    if (!field->is_repeated()) {
      if (!reflection->HasField(message, field)) continue;
      out.push_back({at, static_cast<const v1::Objective*>(
                             &reflection->GetMessage(message, field))});
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      const auto& term = reflection->GetRepeatedMessage(message, field, i);
      out.push_back({absl::StrCat(at, "[", i, "]"),
                     static_cast<const v1::Objective*>(&term)});
    }
  }
  return out;
}

at::Tensor ApplyShare(const v1::Objective& spec, const at::Tensor& value) {
  at::Tensor out = spec.has_weight() ? value * spec.weight() : value;
  if (!spec.has_row()) return out;
  const at::Tensor index =
      at::arange(out.size(0), at::TensorOptions().device(out.device()));
  return at::where(index == spec.row(), out, at::zeros_like(out));
}

absl::Status Expression::MakeTerms(const v1::Objective& spec,
                                   ObjectiveContext& context) {
  for (const Term& term : TermsOf(spec, "")) {
    ASSIGN_OR_RETURN(auto made, MakeObjective(*term.spec, context));
    v1::Objective share;
    if (term.spec->has_weight()) share.set_weight(term.spec->weight());
    if (term.spec->has_row()) share.set_row(term.spec->row());
    specs_.push_back(std::move(share));
    terms_.push_back(std::move(made));
  }
  return absl::OkStatus();
}

std::vector<at::Tensor> Expression::TermValues(const StepView& view) {
  std::vector<at::Tensor> out;
  for (size_t i = 0; i < terms_.size(); ++i) {
    out.push_back(ApplyShare(specs_[i], terms_[i]->Value(view)));
  }
  return out;
}

bool Expression::in_tiles() const {
  return std::any_of(terms_.begin(), terms_.end(),
                     [](const auto& term) { return term->in_tiles(); });
}

int64_t Expression::beyond() const {
  int64_t most = 0;
  for (const auto& term : terms_) most = std::max(most, term->beyond());
  return most;
}

Sums Expression::SumsOf(const StepView& tile) {
  Sums sums;
  for (const auto& term : terms_)
    sums.terms.push_back(term->in_tiles() ? term->SumsOf(tile) : Sums());
  return sums;
}

at::Tensor Expression::Finish(const Sums& sums, const StepView& view) {
  std::vector<at::Tensor> values;
  for (size_t i = 0; i < terms_.size(); ++i) {
    const at::Tensor value = terms_[i]->in_tiles()
                                 ? terms_[i]->Finish(sums.terms[i], view)
                                 : terms_[i]->Value(view);
    values.push_back(ApplyShare(specs_[i], value));
  }
  return Combine(values);
}

void Expression::Save(std::map<std::string, at::Tensor>* state) const {
  for (size_t i = 0; i < terms_.size(); ++i) {
    std::map<std::string, at::Tensor> own;
    terms_[i]->Save(&own);
    for (auto& [key, value] : own) (*state)[absl::StrCat(i, "/", key)] = value;
  }
}

void Expression::Load(const std::map<std::string, at::Tensor>& state) {
  for (size_t i = 0; i < terms_.size(); ++i) {
    const std::string prefix = absl::StrCat(i, "/");
    std::map<std::string, at::Tensor> own;
    for (const auto& [key, value] : state) {
      if (absl::StartsWith(key, prefix)) own[key.substr(prefix.size())] = value;
    }
    terms_[i]->Load(own);
  }
}

}  // namespace phosphene
