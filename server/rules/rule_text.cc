// What rules say, as text for people: help, tables and errors are made of it.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "server/base/range_fault.h"
#include "server/rules/rules.h"
#include "server/rules/rules_internal.h"

namespace phosphene {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::OneofDescriptor;

std::string NumberAllowed(const v1::FieldRules& rules) {
  std::string text;
  if (rules.has_min() && rules.has_max()) {
    const std::string min = NumberText(rules.min());
    const std::string max = NumberText(rules.max());
    if (!rules.above_min() && !rules.below_max()) {
      text = absl::StrCat(min, "..", max);
    } else {
      text = absl::StrCat(rules.above_min() ? "above " : "", min, " to ",
                          rules.below_max() ? "below " : "", max);
    }
  } else if (rules.has_min()) {
    text = absl::StrCat(rules.above_min() ? "above " : "at least ",
                        NumberText(rules.min()));
  } else if (rules.has_max()) {
    text = absl::StrCat(rules.below_max() ? "below " : "at most ",
                        NumberText(rules.max()));
  }
  if (!text.empty() && rules.zero_is_default()) {
    absl::StrAppend(&text, ", or 0 for the default");
  }
  return text;
}

// Names of an enum without its UNSPECIFIED.
std::string EnumAllowed(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() != 0) names.push_back(type.value(i)->name());
  }
  return absl::StrJoin(names, ", ");
}

std::string TextAllowed(const v1::FieldRules& rules) {
  const absl::string_view format = FormatText(rules.is());
  const std::string bytes =
      rules.has_max_bytes()
          ? absl::StrCat("at most ", rules.max_bytes(), " bytes")
          : "";
  if (format.empty() || bytes.empty()) return absl::StrCat(format, bytes);
  return absl::StrCat(format, "; ", bytes);
}

}  // namespace

absl::string_view FormatText(v1::FieldRules::Is is) {
  switch (is) {
    case v1::FieldRules::BLOB:
      return "blobs/ and 64 lower-case hex digits";
    case v1::FieldRules::MODEL:
      return "models/{model} or {model}, 1-63 characters a-z 0-9 _ - . that "
             "begin with a letter or digit";
    case v1::FieldRules::NAME:
      return "1-63 characters a-z 0-9 _ - . that begin with a letter or digit";
    case v1::FieldRules::JOB_ID:
      return "1-63 characters a-z, 0-9 and '-' that begin with a letter";
    case v1::FieldRules::UUID:
      return "a UUID, 8-4-4-4-12 hex digits";
    case v1::FieldRules::LAYER:
      return "a layer of the network, \"input\" or \"image\"";
    default:
      return "";
  }
}

std::string ValueAllowed(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumAllowed(*field.enum_type());
    case FieldDescriptor::CPPTYPE_STRING:
      return TextAllowed(RulesOf(field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true, false";
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "";
    default:
      return NumberAllowed(RulesOf(field));
  }
}

std::string CountAllowed(const v1::FieldRules& rules) {
  const int min =
      rules.needed() && !rules.has_min_items() ? 1 : rules.min_items();
  if (min > 0 && rules.has_max_items()) {
    return min == rules.max_items()
               ? absl::StrCat(min)
               : absl::StrCat(min, "..", rules.max_items());
  }
  if (rules.has_max_items()) return absl::StrCat("at most ", rules.max_items());
  return min > 0 ? absl::StrCat("at least ", min) : "";
}

const v1::FieldRules& RulesOf(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::rules);
}

const v1::OneofRules& RulesOf(const OneofDescriptor& oneof) {
  return oneof.options().GetExtension(v1::arms);
}

const v1::MessageRules& RulesOf(const Descriptor& message) {
  return message.options().GetExtension(v1::nesting);
}

std::string AllowedText(const FieldDescriptor& field) {
  const std::string value = ValueAllowed(field);
  const std::string count =
      field.is_repeated() ? CountAllowed(RulesOf(field)) : "";
  if (count.empty()) return value;
  return absl::StrCat(value, value.empty() ? "" : "; ", count, " entries");
}

std::string AllowedText(const OneofDescriptor& oneof) {
  std::vector<std::string> arms;
  for (int i = 0; i < oneof.field_count(); ++i) {
    arms.push_back(oneof.field(i)->name());
  }
  return absl::StrJoin(arms, ", ");
}

std::string DefaultText(const FieldDescriptor& field) {
  return RulesOf(field).default_value();
}

const FieldDescriptor* FieldAt(const Descriptor& root, absl::string_view path) {
  const Descriptor* message = &root;
  const FieldDescriptor* field = nullptr;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    if (message == nullptr) return nullptr;
    const absl::string_view name = part.substr(0, part.find('['));
    field = message->FindFieldByName(std::string(name));
    if (field == nullptr) return nullptr;
    message = field->message_type();
  }
  return field;
}

}  // namespace phosphene
