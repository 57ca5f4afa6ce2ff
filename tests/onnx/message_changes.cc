#include "tests/onnx/message_changes.h"

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <limits>
#include <memory>

namespace phosphene {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kAll = -1;  // of a repeated field

class Walk {
 public:
  Walk(const ChangeWords& words, const std::function<bool()>& visit)
      : words_(words), visit_(visit) {}

  bool Over(Message* message) {
    std::vector<const FieldDescriptor*> fields;
    message->GetReflection()->ListFields(*message, &fields);
    for (const FieldDescriptor* field : fields) {
      if (!WithoutField(message, field)) return false;
      const int count =
          field->is_repeated()
              ? message->GetReflection()->FieldSize(*message, field)
              : 1;
      for (int i = 0; i < count; ++i) {
        const int index = field->is_repeated() ? i : kAll;
        if (field->is_repeated() && !WithoutElement(message, field, i))
          return false;
        if (!Changed(message, field, index)) return false;
      }
    }
    return true;
  }

 private:
  // Applies a change to a message, visits, and puts the message back.
  bool Try(Message* message, const std::function<void()>& change) {
    const std::unique_ptr<Message> before(message->New());
    before->CopyFrom(*message);
    change();
    if (!visit_()) return false;
    message->CopyFrom(*before);
    return true;
  }

  bool WithoutField(Message* message, const FieldDescriptor* field) {
    return Try(message,
               [&] { message->GetReflection()->ClearField(message, field); });
  }

  bool WithoutElement(Message* message, const FieldDescriptor* field,
                      int index) {
    const auto* reflection = message->GetReflection();
    const bool dropped = Try(message, [&] {
      const int last = reflection->FieldSize(*message, field) - 1;
      for (int i = index; i < last; ++i)
        reflection->SwapElements(message, field, i, i + 1);
      reflection->RemoveLast(message, field);
    });
    if (!dropped || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE)
      return dropped;
    return Try(message, [&] {
      const std::unique_ptr<Message> copy(
          reflection->GetRepeatedMessage(*message, field, index).New());
      copy->CopyFrom(reflection->GetRepeatedMessage(*message, field, index));
      reflection->AddMessage(message, field)->CopyFrom(*copy);
    });
  }

  bool Changed(Message* message, const FieldDescriptor* field, int index) {
    const auto* reflection = message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return Over(index == kAll ? reflection->MutableMessage(message, field)
                                  : reflection->MutableRepeatedMessage(
                                        message, field, index));
      case FieldDescriptor::CPPTYPE_STRING:
        return field->type() == FieldDescriptor::TYPE_BYTES
                   ? ChangedBytes(message, field, index)
                   : ChangedString(message, field, index);
      case FieldDescriptor::CPPTYPE_FLOAT:
        for (float value :
             {0.f, -1.f, 1e30f, std::numeric_limits<float>::infinity(),
              std::numeric_limits<float>::quiet_NaN()}) {
          if (!Try(message, [&] {
                index == kAll ? reflection->SetFloat(message, field, value)
                              : reflection->SetRepeatedFloat(message, field,
                                                             index, value);
              })) {
            return false;
          }
        }
        return true;
      default:
        return ChangedInteger(message, field, index);
    }
  }

  bool ChangedInteger(Message* message, const FieldDescriptor* field,
                      int index) {
    const auto* reflection = message->GetReflection();
    for (int64_t value :
         {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{3}, int64_t{7},
          int64_t{16}, int64_t{1} << 16, int64_t{1} << 31, int64_t{1} << 40,
          std::numeric_limits<int64_t>::max(),
          std::numeric_limits<int64_t>::min()}) {
      const auto change = [&] {
        switch (field->cpp_type()) {
          case FieldDescriptor::CPPTYPE_INT64:
            index == kAll
                ? reflection->SetInt64(message, field, value)
                : reflection->SetRepeatedInt64(message, field, index, value);
            break;
          case FieldDescriptor::CPPTYPE_INT32:
            index == kAll
                ? reflection->SetInt32(message, field,
                                       static_cast<int32_t>(value))
                : reflection->SetRepeatedInt32(message, field, index,
                                               static_cast<int32_t>(value));
            break;
          case FieldDescriptor::CPPTYPE_ENUM:
            if (field->enum_type()->FindValueByNumber(
                    static_cast<int>(value)) != nullptr) {
              reflection->SetEnumValue(message, field, static_cast<int>(value));
            }
            break;
          default:
            break;
        }
      };
      if (!Try(message, change)) return false;
    }
    return true;
  }

  bool ChangedString(Message* message, const FieldDescriptor* field,
                     int index) {
    std::vector<std::string> values =
        field->name() == "op_type" ? words_.operators : words_.names;
    values.insert(values.end(), {"", std::string(2000, 'x')});
    for (const std::string& value : values) {
      if (!Try(message, [&] { SetString(message, field, index, value); }))
        return false;
    }
    return true;
  }

  bool ChangedBytes(Message* message, const FieldDescriptor* field, int index) {
    const auto* reflection = message->GetReflection();
    const std::string now =
        index == kAll ? reflection->GetString(*message, field)
                      : reflection->GetRepeatedString(*message, field, index);
    const std::string shorter = now.substr(0, now.empty() ? 0 : now.size() - 1);
    for (const std::string& value :
         {std::string(), shorter, now + "x", std::string(now.size(), '\0'),
          std::string(now.size(), '\xff')}) {
      if (!Try(message, [&] { SetString(message, field, index, value); }))
        return false;
    }
    return true;
  }

  static void SetString(Message* message, const FieldDescriptor* field,
                        int index, const std::string& value) {
    const auto* reflection = message->GetReflection();
    index == kAll ? reflection->SetString(message, field, value)
                  : reflection->SetRepeatedString(message, field, index, value);
  }

  const ChangeWords& words_;
  const std::function<bool()>& visit_;
};

}  // namespace

bool ForEachChange(Message* root, const ChangeWords& words,
                   const std::function<bool()>& visit) {
  return Walk(words, visit).Over(root);
}

}  // namespace phosphene
