// `--set PATH=VALUE`: one field of a spec changed by name.

#include "client/spec/set_path.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/base/failure.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kNoIndex = -1;

// One step of a path: `objectives[0]`.
struct Step {
  std::string name;
  int index = kNoIndex;
};

absl::StatusOr<std::vector<Step>> ParsePath(absl::string_view path) {
  std::vector<Step> steps;
  for (absl::string_view part : absl::StrSplit(path, '.')) {
    Step step;
    const size_t open = part.find('[');
    step.name = std::string(part.substr(0, open));
    if (open != absl::string_view::npos) {
      if (part.back() != ']' ||
          !absl::SimpleAtoi(part.substr(open + 1, part.size() - open - 2),
                            &step.index) ||
          step.index < 0) {
        return UsageError(
            absl::StrCat("\"", part, "\" has no index in [ ]; write NAME[0]"));
      }
    }
    if (step.name.empty()) {
      return UsageError(
          absl::StrCat("\"", path,
                       "\" has an empty part; use PATH=VALUE, such as "
                       "objectives[0].channel.channel=5"));
    }
    steps.push_back(std::move(step));
  }
  return steps;
}

absl::StatusOr<const FieldDescriptor*> FindField(const Descriptor* type,
                                                 const Step& step) {
  const FieldDescriptor* field = type->FindFieldByName(step.name);
  if (field == nullptr) {
    std::vector<std::string> names;
    for (int i = 0; i < type->field_count(); ++i)
      names.push_back(type->field(i)->name());
    std::string hint = NearestHint(step.name, names);
    if (hint.empty()) hint = absl::StrCat("; allowed ", QuotedList(names));
    return UsageError(
        absl::StrCat(type->name(), " has no field \"", step.name, "\"", hint));
  }
  if (step.index != kNoIndex && !field->is_repeated()) {
    return UsageError(
        absl::StrCat("\"", step.name, "\" is no list, it takes no index"));
  }
  return field;
}

absl::Status CheckIndex(const Step& step, int size) {
  if (step.index == kNoIndex) {
    return UsageError(absl::StrCat("\"", step.name, "\" is a list; write ",
                                   step.name, "[0]"));
  }
  if (step.index > size) {
    return UsageError(absl::StrCat("index ", step.index, " of \"", step.name,
                                   "\" is out of range; allowed 0..", size,
                                   " (", size, " appends)"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Message*> Enter(Message* message, const FieldDescriptor* field,
                               const Step& step) {
  if (field->message_type() == nullptr) {
    return UsageError(
        absl::StrCat("\"", step.name, "\" holds a value, it has no fields"));
  }
  const Reflection* reflection = message->GetReflection();
  if (!field->is_repeated()) return reflection->MutableMessage(message, field);
  const int size = reflection->FieldSize(*message, field);
  RETURN_IF_ERROR(CheckIndex(step, size));
  if (step.index == size) return reflection->AddMessage(message, field);
  return reflection->MutableRepeatedMessage(message, field, step.index);
}

// The value as text format writes it: strings get quotes, enums and booleans
// their case, messages lose their braces.
absl::StatusOr<std::string> AsTextFormat(const FieldDescriptor* field,
                                         absl::string_view value) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
        return std::string(value);
      }
      std::string quoted = "\"";
      for (char c : value) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
      }
      return quoted + "\"";
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::vector<std::string> names;
      for (int i = 0; i < field->enum_type()->value_count(); ++i) {
        const EnumValueDescriptor* allowed = field->enum_type()->value(i);
        if (absl::EqualsIgnoreCase(allowed->name(), value))
          return allowed->name();
        names.push_back(allowed->name());
      }
      return UsageError(absl::StrCat("\"", field->name(), "\" cannot be \"",
                                     value, "\"; allowed ", QuotedList(names)));
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (value.size() >= 2 && value.front() == '{' && value.back() == '}') {
        return std::string(value);
      }
      return UsageError(absl::StrCat("\"", field->name(),
                                     "\" takes a message in braces, such as "
                                     "{}, or set one of its fields: ",
                                     field->name(), ".NAME=VALUE"));
    default:
      return std::string(value);
  }
}

// What a field takes, for messages.
std::string TakenBy(const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number >= 0";
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT:
      return "a number";
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_STRING:
      return "text";
    default:
      return absl::StrCat("fields of ", field->message_type()->name());
  }
}

// Parses `field: value` into a fresh message of the same type.
absl::StatusOr<std::unique_ptr<Message>> ParseAlone(
    const Message& like, const FieldDescriptor* field,
    absl::string_view value) {
  ASSIGN_OR_RETURN(const std::string text, AsTextFormat(field, value));
  std::unique_ptr<Message> out(like.New());
  google::protobuf::TextFormat::Parser parser;
  class Silent : public google::protobuf::io::ErrorCollector {
    void AddError(int, int, const std::string&) override {}
  } silent;
  parser.RecordErrorsTo(&silent);
  if (!parser.ParseFromString(absl::StrCat(field->name(), ": ", text),
                              out.get())) {
    return UsageError(absl::StrCat("\"", field->name(), "\" cannot be \"",
                                   value, "\"; it takes ", TakenBy(field)));
  }
  return out;
}

absl::Status Assign(Message* message, const FieldDescriptor* field,
                    const Step& step, absl::string_view value) {
  const Reflection* reflection = message->GetReflection();
  if (field->is_repeated()) {
    RETURN_IF_ERROR(CheckIndex(step, reflection->FieldSize(*message, field)));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Message> parsed,
                   ParseAlone(*message, field, value));
  if (!field->is_repeated()) {
    reflection->ClearField(message, field);
    message->MergeFrom(*parsed);
    return absl::OkStatus();
  }
  // Append, then bring the new value to its place.
  const int size = reflection->FieldSize(*message, field);
  message->MergeFrom(*parsed);
  if (step.index < size) {
    reflection->SwapElements(message, field, step.index, size);
    reflection->RemoveLast(message, field);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SetPath(Message* message, absl::string_view assignment) {
  const size_t equals = assignment.find('=');
  if (equals == absl::string_view::npos || equals == 0) {
    return UsageError(absl::StrCat("\"", assignment,
                                   "\" is no assignment; use PATH=VALUE, such "
                                   "as objectives[0].channel.channel=5"));
  }
  ASSIGN_OR_RETURN(
      const std::vector<Step> steps,
      ParsePath(absl::StripAsciiWhitespace(assignment.substr(0, equals))));
  const absl::string_view value =
      absl::StripAsciiWhitespace(assignment.substr(equals + 1));
  for (size_t i = 0; i + 1 < steps.size(); ++i) {
    ASSIGN_OR_RETURN(const FieldDescriptor* field,
                     FindField(message->GetDescriptor(), steps[i]));
    ASSIGN_OR_RETURN(message, Enter(message, field, steps[i]));
  }
  ASSIGN_OR_RETURN(const FieldDescriptor* field,
                   FindField(message->GetDescriptor(), steps.back()));
  return Assign(message, field, steps.back(), value);
}

}  // namespace phosphene::client
