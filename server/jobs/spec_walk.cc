#include "server/jobs/spec_walk.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/descriptor.h"
#include "server/storage/blob_store.h"

namespace phosphene {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

constexpr int kDeepest = 64;
constexpr size_t kMaxFaults = 100;

// The text fields of the JobSpec that hold `blobs/{sha256}`.
bool HoldsBlobName(const FieldDescriptor& field) {
  static constexpr std::array<absl::string_view, 7> kNames = {
      "image",      "images",      "mask",       "mesh",
      "checkpoint", "checkpoints", "colors_from"};
  return field.type() == FieldDescriptor::TYPE_STRING &&
         std::find(kNames.begin(), kNames.end(), field.name()) != kNames.end();
}

bool IsRequired(const FieldDescriptor& field) {
  const auto& options = field.options();
  for (int i = 0; i < options.ExtensionSize(google::api::field_behavior); ++i) {
    if (options.GetExtension(google::api::field_behavior, i) ==
        google::api::REQUIRED) {
      return true;
    }
  }
  return false;
}

// Kinds without which these messages mean nothing.
bool NeedsKind(const Descriptor& type) {
  return &type == v1::Parameterization::descriptor() ||
         &type == v1::Transform::descriptor() ||
         &type == v1::Objective::descriptor() ||
         &type == v1::Output::descriptor();
}

std::string ArmsOf(const OneofDescriptor& oneof) {
  std::string arms;
  for (int i = 0; i < oneof.field_count(); ++i) {
    absl::StrAppend(&arms, i == 0 ? "" : ", ", oneof.field(i)->name());
  }
  return arms;
}

// Visits every field of a message that has a value; `path` is the field's.
template <typename Visit>
void ForEachField(const Message& message, absl::string_view path,
                  const Visit& visit) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    visit(*field, absl::StrCat(path, ".", field->name()));
  }
}

// Path of element `index` of a list, of the field itself when negative. Made
// for faults only: a list may hold a million numbers.
std::string At(const std::string& path, int index) {
  return index < 0 ? path : absl::StrCat(path, "[", index, "]");
}

class Walk {
 public:
  explicit Walk(Faults& faults) : faults_(faults) {}

  void Visit(const Message& message, absl::string_view path, int depth) {
    if (Full()) return;
    if (depth > kDeepest) {
      Add(path, absl::StrCat("nested deeper than ", kDeepest));
      return;
    }
    const Reflection& reflection = *message.GetReflection();
    if (!reflection.GetUnknownFields(message).empty()) {
      Add(path,
          absl::StrCat("has a field this server does not know, number ",
                       reflection.GetUnknownFields(message).field(0).number(),
                       "; is the client newer?"));
    }
    VisitRequired(message, path);
    ForEachField(message, path,
                 [&](const FieldDescriptor& field, const std::string& at) {
                   VisitField(message, field, at, depth);
                 });
  }

 private:
  bool Full() const { return faults_.list().size() >= kMaxFaults; }

  void Add(absl::string_view path, absl::string_view what) {
    if (!Full()) faults_.Add(path, what);
  }

  void VisitRequired(const Message& message, absl::string_view path) {
    const Descriptor& type = *message.GetDescriptor();
    const Reflection& reflection = *message.GetReflection();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      // Without an objective that reads a network, a spec needs no model.
      if (!IsRequired(field) ||
          field.full_name() == "phosphene.v1.JobSpec.model") {
        continue;
      }
      const bool numeric = !field.is_repeated() && !field.has_presence() &&
                           field.type() != FieldDescriptor::TYPE_STRING;
      const bool there = field.is_repeated()
                             ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
      if (!numeric && !there) {
        Add(absl::StrCat(path, ".", field.name()), "is required");
      }
    }
    const OneofDescriptor* kind = type.FindOneofByName("kind");
    if (NeedsKind(type) && !reflection.HasOneof(message, kind)) {
      Add(path, absl::StrCat("has no kind; set one of ", ArmsOf(*kind)));
    }
  }

  void VisitField(const Message& message, const FieldDescriptor& field,
                  const std::string& at, int depth) {
    const Reflection& reflection = *message.GetReflection();
    if (!field.is_repeated()) {
      VisitValue(message, field, -1, at, depth);
      return;
    }
    const int size = reflection.FieldSize(message, &field);
    for (int i = 0; i < size && !Full(); ++i) {
      VisitValue(message, field, i, at, depth);
    }
  }

  // A field's value, or element `i` of it.
  void VisitValue(const Message& message, const FieldDescriptor& field, int i,
                  const std::string& at, int depth) {
    const Reflection& r = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        CheckFinite(i < 0 ? r.GetDouble(message, &field)
                          : r.GetRepeatedDouble(message, &field, i),
                    at, i);
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        CheckFinite(i < 0 ? r.GetFloat(message, &field)
                          : r.GetRepeatedFloat(message, &field, i),
                    at, i);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        CheckEnum(i < 0 ? r.GetEnumValue(message, &field)
                        : r.GetRepeatedEnumValue(message, &field, i),
                  field, At(at, i));
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        if (HoldsBlobName(field)) {
          CheckBlob(i < 0 ? r.GetString(message, &field)
                          : r.GetRepeatedString(message, &field, i),
                    At(at, i));
        }
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Visit(i < 0 ? r.GetMessage(message, &field)
                    : r.GetRepeatedMessage(message, &field, i),
              At(at, i), depth + 1);
        break;
      default:
        break;
    }
  }

  void CheckFinite(double value, const std::string& at, int i) {
    if (std::isfinite(value)) return;
    Add(At(at, i), absl::StrCat(value, " is not finite"));
  }

  void CheckEnum(int value, const FieldDescriptor& field,
                 const std::string& at) {
    if (field.enum_type()->FindValueByNumber(value) != nullptr) return;
    std::string names;
    for (int i = 1; i < field.enum_type()->value_count(); ++i) {
      absl::StrAppend(&names, i == 1 ? "" : ", ",
                      field.enum_type()->value(i)->name());
    }
    Add(at, absl::StrCat(value, " is none of ", names));
  }

  void CheckBlob(const std::string& name, const std::string& at) {
    const absl::Status status = CheckBlobName(name, at);
    for (const Fault& fault : FaultsOf(status)) Add(fault.field, fault.message);
  }

  Faults& faults_;
};

void CollectBlobs(const Message& message, absl::string_view path,
                  std::vector<SpecBlob>& out) {
  const Reflection& r = *message.GetReflection();
  ForEachField(
      message, path, [&](const FieldDescriptor& field, const std::string& at) {
        const int size = field.is_repeated() ? r.FieldSize(message, &field) : 0;
        if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          if (!field.is_repeated())
            CollectBlobs(r.GetMessage(message, &field), at, out);
          for (int i = 0; i < size; ++i) {
            CollectBlobs(r.GetRepeatedMessage(message, &field, i), At(at, i),
                         out);
          }
        } else if (HoldsBlobName(field)) {
          if (!field.is_repeated())
            out.push_back({at, r.GetString(message, &field)});
          for (int i = 0; i < size; ++i) {
            out.push_back({At(at, i), r.GetRepeatedString(message, &field, i)});
          }
        }
      });
}

}  // namespace

void AddGenericFaults(const Message& message, absl::string_view path,
                      Faults& faults) {
  Walk(faults).Visit(message, path, 0);
}

std::vector<SpecBlob> BlobsOf(const v1::JobSpec& spec, absl::string_view path) {
  std::vector<SpecBlob> blobs;
  CollectBlobs(spec, path, blobs);
  return blobs;
}

}  // namespace phosphene
