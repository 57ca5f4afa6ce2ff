// The walker: every message is held to the rules of its fields.
#include "server/rules/rules.h"

#include <cmath>
#include <map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/map_field.h"
#include "server/base/ids.h"
#include "server/base/range_fault.h"
#include "server/rules/rules_internal.h"

namespace phosphene {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// Bytes of a bad text that a fault quotes.
constexpr size_t kMaxQuoted = 100;

// Filled in by the server, so that a request's are ignored.
bool IsOutput(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    const auto behavior = options.GetExtension(google::api::field_behavior, i);
    if (behavior == google::api::OUTPUT_ONLY ||
        behavior == google::api::IDENTIFIER) {
      return true;
    }
  }
  return false;
}

bool Fits(absl::string_view text, v1::FieldRules::Is is) {
  switch (is) {
    case v1::FieldRules::BLOB:
      return IsBlobName(text);
    case v1::FieldRules::MODEL:
      return IsPlainName(absl::StripPrefix(text, "models/"));
    case v1::FieldRules::NAME:
      return IsPlainName(text);
    case v1::FieldRules::JOB_ID:
      return IsJobId(text);
    case v1::FieldRules::UUID:
      return IsUuid(text);
    default:
      return true;
  }
}

bool InRange(double value, const v1::FieldRules& rules) {
  if (rules.zero_is_default() && value == 0) return true;
  if (rules.has_min() &&
      (rules.above_min() ? value <= rules.min() : value < rules.min())) {
    return false;
  }
  return !rules.has_max() ||
         (rules.below_max() ? value < rules.max() : value <= rules.max());
}

std::string Allowed(absl::string_view what) {
  return what.empty() ? "" : absl::StrCat("; allowed: ", what);
}

std::string Join(absl::string_view path, absl::string_view name) {
  return absl::StrCat(path, path.empty() ? "" : ".", name);
}

// Path of entry `index` of a list, of the field itself when negative. Made for
// faults only: a list may hold a million numbers.
std::string At(absl::string_view path, int index) {
  return index < 0 ? std::string(path) : absl::StrCat(path, "[", index, "]");
}

std::string AtKey(absl::string_view path, absl::string_view key) {
  return absl::StrCat(path, "[\"", key.substr(0, kMaxQuoted), "\"]");
}

class Walk {
 public:
  explicit Walk(Faults& faults) : faults_(faults) {}

  void Visit(const Message& message, absl::string_view path) {
    if (faults_.full()) return;
    if (nesting_ > kMaxNesting) {
      return Add(path, absl::StrCat("is nested too deep; allowed: ",
                                    kMaxNesting, " levels"));
    }
    const Descriptor& type = *message.GetDescriptor();
    const v1::MessageRules& rules = RulesOf(type);
    Seen& seen = seen_[&type];
    if (rules.has_max_count() && ++seen.count > rules.max_count()) {
      // Told once: the rest is as many too many.
      if (seen.count == rules.max_count() + 1) {
        Add(path, absl::StrCat("is one ", type.name(), " too many; allowed: ",
                               rules.max_count(), " in all"));
      }
      return;
    }
    if (rules.has_max_depth() && seen.depth >= rules.max_depth()) {
      return Add(path, absl::StrCat("is nested too deep; allowed: ",
                                    rules.max_depth(), " levels"));
    }
    ++nesting_;
    ++seen.depth;
    VisitUnknown(message, path);
    VisitArms(message, path);
    for (int i = 0; i < type.field_count() && !faults_.full(); ++i) {
      VisitField(message, *type.field(i), path);
    }
    --seen.depth;
    --nesting_;
  }

  void VisitField(const Message& message, const FieldDescriptor& field,
                  absl::string_view path) {
    if (IsOutput(field)) return;
    const std::string at = Join(path, field.name());
    if (field.is_repeated()) return VisitList(message, field, at);
    const Reflection& reflection = *message.GetReflection();
    // A number without presence is 0 when unset, which its range may forbid.
    const bool there = reflection.HasField(message, &field) ||
                       (!field.has_presence() &&
                        field.cpp_type() != FieldDescriptor::CPPTYPE_STRING);
    const bool missing =
        RulesOf(field).needed() && !reflection.HasField(message, &field);
    const bool needs_setting =
        field.has_presence() ||
        field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
        field.cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    if (missing && needs_setting) {
      return Add(at, absl::StrCat("is required", Allowed(ValueAllowed(field))));
    }
    if (there) VisitValue(message, field, -1, at);
  }

 private:
  // How often a type was met.
  struct Seen {
    int count = 0;
    int depth = 0;
  };

  void Add(absl::string_view path, absl::string_view what) {
    faults_.Add(path, what);
  }

  void VisitUnknown(const Message& message, absl::string_view path) {
    const auto& unknown = message.GetReflection()->GetUnknownFields(message);
    if (unknown.empty()) return;
    Add(path,
        absl::StrCat("has a field this server does not know, number ",
                     unknown.field(0).number(), "; is the client newer?"));
  }

  void VisitArms(const Message& message, absl::string_view path) {
    const Descriptor& type = *message.GetDescriptor();
    for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
      const OneofDescriptor& oneof = *type.oneof_decl(i);
      if (!RulesOf(oneof).needed() ||
          message.GetReflection()->HasOneof(message, &oneof)) {
        continue;
      }
      Add(path, absl::StrCat("has no ", oneof.name(),
                             "; allowed: ", AllowedText(oneof)));
    }
  }

  void VisitList(const Message& message, const FieldDescriptor& field,
                 const std::string& at) {
    const v1::FieldRules& rules = RulesOf(field);
    const int size = message.GetReflection()->FieldSize(message, &field);
    if (size == 0) {
      if (!rules.needed()) return;
      const std::string value = ValueAllowed(field);
      const std::string count = CountAllowed(rules);
      return Add(at, absl::StrCat("is required; allowed: ", count, " entries",
                                  value.empty() ? "" : ", each ", value));
    }
    const bool few = rules.has_min_items() && size < rules.min_items();
    const bool many = rules.has_max_items() && size > rules.max_items();
    if (few || many) {
      Add(at, absl::StrCat("has ", size, size == 1 ? " entry" : " entries",
                           "; allowed: ", CountAllowed(rules)));
    }
    if (field.is_map()) return VisitMap(message, field, at);
    for (int i = 0; i < size && !faults_.full(); ++i) {
      VisitValue(message, field, i, at);
    }
  }

  void VisitMap(const Message& message, const FieldDescriptor& field,
                const std::string& at) {
    const Reflection& reflection = *message.GetReflection();
    const v1::FieldRules& rules = RulesOf(field);
    const FieldDescriptor& key_field = *field.message_type()->map_key();
    const FieldDescriptor& value_field = *field.message_type()->map_value();
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size && !faults_.full(); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      const Reflection& of_entry = *entry.GetReflection();
      if (key_field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) continue;
      const std::string key = of_entry.GetString(entry, &key_field);
      const std::string path = AtKey(at, key);
      if (key.find('\0') != std::string::npos) {
        Add(path, "the key has a NUL character, which no text may have");
      } else if (!Fits(key, rules.is())) {
        Add(path, absl::StrCat("the key is not allowed; allowed: ",
                               FormatText(rules.is())));
      }
      if (value_field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        CheckText(of_entry.GetString(entry, &value_field), rules,
                  v1::FieldRules::TEXT, path);
      }
    }
  }

  // A field's value, or entry `i` of it.
  void VisitValue(const Message& message, const FieldDescriptor& field, int i,
                  const std::string& at) {
    const Reflection& r = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return CheckReal(i < 0 ? r.GetDouble(message, &field)
                               : r.GetRepeatedDouble(message, &field, i),
                         field, at, i);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return CheckReal(i < 0 ? r.GetFloat(message, &field)
                               : r.GetRepeatedFloat(message, &field, i),
                         field, at, i);
      case FieldDescriptor::CPPTYPE_INT32:
        return CheckWhole(i < 0 ? r.GetInt32(message, &field)
                                : r.GetRepeatedInt32(message, &field, i),
                          field, at, i);
      case FieldDescriptor::CPPTYPE_INT64:
        return CheckWhole(i < 0 ? r.GetInt64(message, &field)
                                : r.GetRepeatedInt64(message, &field, i),
                          field, at, i);
      case FieldDescriptor::CPPTYPE_UINT32:
        return CheckWhole(i < 0 ? r.GetUInt32(message, &field)
                                : r.GetRepeatedUInt32(message, &field, i),
                          field, at, i);
      case FieldDescriptor::CPPTYPE_UINT64:
        return CheckWhole(i < 0 ? r.GetUInt64(message, &field)
                                : r.GetRepeatedUInt64(message, &field, i),
                          field, at, i);
      case FieldDescriptor::CPPTYPE_ENUM:
        return CheckEnum(i < 0 ? r.GetEnumValue(message, &field)
                               : r.GetRepeatedEnumValue(message, &field, i),
                         field, at, i);
      case FieldDescriptor::CPPTYPE_STRING:
        if (field.type() == FieldDescriptor::TYPE_BYTES) return;
        return CheckText(i < 0 ? r.GetString(message, &field)
                               : r.GetRepeatedString(message, &field, i),
                         RulesOf(field), RulesOf(field).is(), At(at, i));
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Visit(i < 0 ? r.GetMessage(message, &field)
                           : r.GetRepeatedMessage(message, &field, i),
                     At(at, i));
      case FieldDescriptor::CPPTYPE_BOOL:
        return;
    }
  }

  void CheckReal(double value, const FieldDescriptor& field,
                 const std::string& at, int i) {
    if (!std::isfinite(value)) {
      return Add(At(at, i), absl::StrCat(NumberText(value), " is not finite",
                                         Allowed(ValueAllowed(field))));
    }
    if (InRange(value, RulesOf(field))) return;
    Add(At(at, i), OutOfRange(NumberText(value), ValueAllowed(field)));
  }

  template <typename Whole>
  void CheckWhole(Whole value, const FieldDescriptor& field,
                  const std::string& at, int i) {
    if (InRange(static_cast<double>(value), RulesOf(field))) return;
    Add(At(at, i), OutOfRange(absl::StrCat(value), ValueAllowed(field)));
  }

  void CheckEnum(int value, const FieldDescriptor& field, const std::string& at,
                 int i) {
    if (field.enum_type()->FindValueByNumber(value) != nullptr) return;
    RequireKnown(false, value, ValueAllowed(field), At(at, i), faults_);
  }

  void CheckText(absl::string_view text, const v1::FieldRules& rules,
                 v1::FieldRules::Is is, const std::string& at) {
    if (rules.has_max_bytes() &&
        text.size() > static_cast<size_t>(rules.max_bytes())) {
      return Add(at,
                 absl::StrCat("has ", text.size(), " bytes; allowed: at most ",
                              rules.max_bytes()));
    }
    if (text.find('\0') != absl::string_view::npos) {
      return Add(at, "has a NUL character, which no text may have");
    }
    if (Fits(text, is)) return;
    Add(at, absl::StrCat("\"", text.substr(0, kMaxQuoted),
                         "\" is not allowed; allowed: ", FormatText(is)));
  }

  Faults& faults_;
  std::map<const Descriptor*, Seen> seen_;
  int nesting_ = 0;
};

void VisitTextsAt(const Message& message, absl::string_view path,
                  v1::FieldRules::Is is, int nesting,
                  const std::function<void(const RuledText&)>& visit) {
  if (nesting > kMaxNesting) return;
  const Reflection& r = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  r.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->is_map()) continue;
    const bool text = field->type() == FieldDescriptor::TYPE_STRING &&
                      RulesOf(*field).is() == is;
    const bool deeper = field->type() == FieldDescriptor::TYPE_MESSAGE;
    if ((!text && !deeper) || IsOutput(*field)) continue;
    const std::string at = Join(path, field->name());
    const int size = field->is_repeated() ? r.FieldSize(message, field) : 1;
    for (int k = 0; k < size; ++k) {
      const int i = field->is_repeated() ? k : -1;
      if (text) {
        visit({At(at, i),
               i < 0 ? r.GetString(message, field)
                     : r.GetRepeatedString(message, field, i),
               RulesOf(*field).holds()});
      } else {
        VisitTextsAt(i < 0 ? r.GetMessage(message, field)
                           : r.GetRepeatedMessage(message, field, i),
                     At(at, i), is, nesting + 1, visit);
      }
    }
  }
}

}  // namespace

void AddRuleFaults(const Message& message, absl::string_view path,
                   Faults& faults) {
  Walk(faults).Visit(message, path);
}

void AddFieldFaults(const Message& message, absl::string_view field,
                    absl::string_view path, Faults& faults) {
  const FieldDescriptor* found =
      message.GetDescriptor()->FindFieldByName(std::string(field));
  if (found != nullptr) Walk(faults).VisitField(message, *found, path);
}

void VisitTexts(const Message& message, absl::string_view path,
                v1::FieldRules::Is is,
                const std::function<void(const RuledText&)>& visit) {
  VisitTextsAt(message, path, is, 0, visit);
}

}  // namespace phosphene
