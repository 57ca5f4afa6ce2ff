// Specs in text format and JSON, read strictly.

#include "client/spec/spec_file.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include <regex>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/base/failure.h"
#include "server/base/nearest.h"

namespace phosphene::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// Messages in messages, as protobuf's own reader of bytes bounds them.
constexpr int kMaxDepth = 100;

std::vector<std::string> FieldNames(const Descriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; i < type->field_count(); ++i)
    names.push_back(type->field(i)->name());
  return names;
}

// The values an enum field of that name takes, wherever in a spec it stands;
// empty when there is none.
std::vector<std::string> EnumValues(const Descriptor* type,
                                    const std::string& field_name,
                                    std::set<const Descriptor*>& seen) {
  if (!seen.insert(type).second) return {};
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    std::vector<std::string> names;
    if (field->enum_type() != nullptr && field->name() == field_name) {
      for (int k = 0; k < field->enum_type()->value_count(); ++k) {
        names.push_back(field->enum_type()->value(k)->name());
      }
    } else if (field->message_type() != nullptr) {
      names = EnumValues(field->message_type(), field_name, seen);
    }
    if (!names.empty()) return names;
  }
  return {};
}

std::string NoSuchField(const Descriptor* type, const std::string& name) {
  const std::vector<std::string> names = FieldNames(type);
  std::string hint = NearestHint(name, names);
  if (hint.empty()) hint = absl::StrCat("; allowed ", QuotedList(names));
  return absl::StrCat(type->name(), " has no field \"", name, "\"", hint);
}

std::string NoSuchValue(const std::string& field, const std::string& value) {
  std::set<const Descriptor*> seen;
  const std::vector<std::string> names =
      EnumValues(v1::JobSpec::descriptor(), field, seen);
  const std::string allowed =
      names.empty() ? "" : absl::StrCat("; allowed ", QuotedList(names));
  return absl::StrCat(field, " cannot be \"", value, "\"", allowed);
}

// The parser's words, with the nearest field or the enum's values behind.
std::string Improve(const std::string& message) {
  static const std::regex no_field(
      R"re(Message type "([^"]+)" has no field named "([^"]+)"\.?)re");
  static const std::regex no_value(
      R"re(Unknown enumeration value of "([^"]+)" for field "([^"]+)"\.?)re");
  std::smatch match;
  if (std::regex_search(message, match, no_field)) {
    const Descriptor* type =
        v1::JobSpec::descriptor()->file()->pool()->FindMessageTypeByName(
            match[1]);
    if (type != nullptr) return NoSuchField(type, match[2]);
  } else if (std::regex_search(message, match, no_value)) {
    return NoSuchValue(match[2], match[1]);
  }
  return message;
}

// Keeps the first error; later ones follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(absl::string_view source) : source_(source) {}
  void AddError(int line, int column, const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat(source_, ":", line + 1, ":", column + 1, ": ",
                         Improve(message));
  }
  void AddWarning(int, int, const std::string&) override {}
  const std::string& text() const { return text_; }

 private:
  std::string source_;
  std::string text_;
};

// The message type a JSON path such as "parameterization.fourier" ends in;
// null when the path does not lead through messages.
const Descriptor* TypeAt(absl::string_view path) {
  const Descriptor* type = v1::JobSpec::descriptor();
  for (absl::string_view part : absl::StrSplit(path, '.', absl::SkipEmpty())) {
    const std::string name(part.substr(0, part.find('[')));
    const FieldDescriptor* field = type->FindFieldByName(name);
    if (field == nullptr) field = type->FindFieldByCamelcaseName(name);
    if (field == nullptr || field->message_type() == nullptr) return nullptr;
    type = field->message_type();
  }
  return type;
}

// "(parameterization) foo: Cannot find field." with the nearest field, and
// "(precision): invalid value "x" for type ..." with the enum's values.
std::string ImproveJson(const std::string& message) {
  static const std::regex no_field(
      R"re(^(?:\(([^)]*)\))?[: ]*([A-Za-z0-9_]+): Cannot find field\.?$)re");
  static const std::regex no_value(
      R"re(^\((?:[^)]*\.)?([A-Za-z0-9_]+)\): invalid value "([^"]*)" for type type\..*$)re");
  std::smatch match;
  if (std::regex_match(message, match, no_field)) {
    const Descriptor* type = TypeAt(match[1].str());
    if (type != nullptr) return NoSuchField(type, match[2]);
  } else if (std::regex_match(message, match, no_value)) {
    return NoSuchValue(match[1], match[2]);
  }
  return message;
}

absl::StatusOr<v1::JobSpec> ParseJson(absl::string_view text,
                                      absl::string_view source) {
  v1::JobSpec spec;
  const auto status =
      google::protobuf::util::JsonStringToMessage(std::string(text), &spec);
  if (status.ok()) return spec;
  const std::string message(status.message());
  return UsageError(absl::StrCat(source, ": ", ImproveJson(message)));
}

}  // namespace

absl::StatusOr<v1::JobSpec> ParseSpec(absl::string_view text,
                                      absl::string_view source) {
  const absl::string_view body = absl::StripLeadingAsciiWhitespace(text);
  if (!body.empty() && body[0] == '{') return ParseJson(text, source);
  v1::JobSpec spec;
  FirstError errors(source);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  parser.SetRecursionLimit(kMaxDepth);
  if (!parser.ParseFromString(std::string(text), &spec)) {
    return UsageError(errors.text().empty()
                          ? absl::StrCat(source, ": no JobSpec")
                          : errors.text());
  }
  return spec;
}

std::string SpecToText(const v1::JobSpec& spec) {
  std::string out;
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  printer.PrintToString(spec, &out);
  return out;
}

}  // namespace phosphene::client
