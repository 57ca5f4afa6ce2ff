// Writes the tables of docs/spec.md from descriptors, rules and comments.
#include "tests/rules/spec_table.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "server/rules/rules.h"
#include "tests/rules/api_comments.h"

namespace phosphene {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

constexpr char kHead[] =
    "# Every field of a spec\n\n"
    "Made from the rules and comments of `proto/phosphene/v1/`, where the "
    "whole manual stands; a test\nholds this page to them. Refresh it with "
    "`build/release/bin/spec_table > docs/spec.md`.\n\n"
    "A spec that breaks a rule is refused with every fault at once, each with "
    "its path, such as\n`spec.parameterization.fourier.decay`. Numbers must be "
    "finite. A field left unset has its default.\n";

// "Init.MorphInit" of phosphene.v1.Init.MorphInit.
std::string ShortName(const std::string& full_name) {
  return std::string(absl::StripPrefix(full_name, "phosphene.v1."));
}

std::string LinkTo(const Descriptor& message) {
  const std::string name = ShortName(message.full_name());
  if (absl::StartsWith(name, "google.")) return name;
  return absl::StrCat(
      "[", name, "](#",
      absl::StrReplaceAll(absl::AsciiStrToLower(name), {{".", ""}}), ")");
}

std::string TypeText(const FieldDescriptor& field) {
  if (field.is_map()) return "map of strings";
  std::string type = field.type_name();
  if (field.message_type() != nullptr) type = LinkTo(*field.message_type());
  if (field.enum_type() != nullptr) type = field.enum_type()->name();
  return field.is_repeated() ? absl::StrCat("list of ", type) : type;
}

// The first sentence: a stop before a capital ends it, that of "e.g. x" not.
std::string FirstSentence(const std::string& comment) {
  size_t end = comment.find(". ");
  while (end != std::string::npos && end + 2 < comment.size() &&
         !absl::ascii_isupper(comment[end + 2])) {
    end = comment.find(". ", end + 1);
  }
  std::string out = comment.substr(0, end);
  if (absl::EndsWith(out, ".")) out.pop_back();
  return out;
}

std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"<", "&lt;"}});
}

std::string Row(const FieldDescriptor& field) {
  const v1::FieldRules& rules = RulesOf(field);
  const OneofDescriptor* oneof = field.real_containing_oneof();
  std::string meaning = FirstSentence(CommentOf(field));
  if (meaning.empty() && field.message_type() != nullptr)
    meaning = FirstSentence(CommentOf(*field.message_type()));
  std::string name = absl::StrCat("`", field.name(), "`");
  if (rules.needed()) name += " (needed)";
  if (oneof != nullptr) absl::StrAppend(&name, " (", oneof->name(), ")");
  const std::string allowed = field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL
                                  ? ""
                                  : AllowedText(field);
  return absl::StrCat("| ", name, " | ", TypeText(field), " | ", Cell(allowed),
                      " | ", Cell(DefaultText(field)), " | ", rules.unit(),
                      " | ", Cell(meaning), " |\n");
}

std::string Section(const Descriptor& message) {
  std::string out = absl::StrCat("\n## ", ShortName(message.full_name()), "\n");
  const std::string comment = FirstSentence(CommentOf(message));
  if (!comment.empty()) absl::StrAppend(&out, Cell(comment), ".\n");
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    const OneofDescriptor& oneof = *message.oneof_decl(i);
    absl::StrAppend(&out, "\nOf the fields marked (", oneof.name(), ") ",
                    RulesOf(oneof).needed() ? "one must" : "one may",
                    " be set.\n");
  }
  const v1::MessageRules& rules = RulesOf(message);
  if (rules.has_max_depth() || rules.has_max_count()) {
    absl::StrAppend(&out, "\nAt most ", rules.max_count(), " in all, nested ",
                    rules.max_depth(), " deep.\n");
  }
  if (message.field_count() == 0) return out;
  absl::StrAppend(&out,
                  "\n| field | type | allowed | default | unit | meaning |\n"
                  "|---|---|---|---|---|---|\n");
  for (int i = 0; i < message.field_count(); ++i) {
    if (!IsOutputOnly(*message.field(i))) out += Row(*message.field(i));
  }
  return out;
}

}  // namespace

std::string SpecTable() {
  std::string out = kHead;
  for (const char* root : {"JobSpec", "ModelConfig"}) {
    for (const Descriptor* message : MessagesUnder(root))
      out += Section(*message);
  }
  return out;
}

}  // namespace phosphene
