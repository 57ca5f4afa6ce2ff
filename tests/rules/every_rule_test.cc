// Breaks every rule of every arm at once, by the descriptors, and wants every
// fault back: a rule that the walker does not know would be missing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/dynamic_message.h"
#include "phosphene/v1/job.pb.h"
#include "phosphene/v1/job_service.pb.h"
#include "server/rules/rules.h"
#include "tests/rules/api_comments.h"

namespace phosphene {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Lists of messages get one entry; longer ones are told by their count alone.
constexpr int kMaxEntries = 10'000;

// Fills a message so that each of its fields breaks its rule.
class Breaker {
 public:
  // Of each choice the arm of this number is set.
  explicit Breaker(int arm) : arm_(arm) {}

  void Break(Message& message, const std::string& path, int depth = 0) {
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (IsOutputOnly(field) || !IsChosen(field, depth)) continue;
      BreakField(message, field,
                 absl::StrCat(path, path.empty() ? "" : ".", field.name()),
                 depth);
    }
  }
  // Where each fault must be.
  const std::vector<std::string>& wanted() const { return wanted_; }

 private:
  bool IsChosen(const FieldDescriptor& field, int depth) const {
    const OneofDescriptor* oneof = field.real_containing_oneof();
    if (oneof == nullptr) return true;
    // Expressions hold a plain objective.
    const int arm = depth > 1 && oneof->field_count() > 20 ? 0 : arm_;
    return oneof->field(arm % oneof->field_count()) == &field;
  }

  void BreakField(Message& message, const FieldDescriptor& field,
                  const std::string& at, int depth) {
    const v1::FieldRules& rules = RulesOf(field);
    const auto& r = *message.GetReflection();
    if (field.is_map()) return BreakMap(message, field, at);
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      if (!field.is_repeated()) {
        return Break(*r.MutableMessage(&message, &field), at, depth + 1);
      }
      Break(*r.AddMessage(&message, &field), absl::StrCat(at, "[0]"),
            depth + 1);
      return;
    }
    if (!field.is_repeated()) {
      if (SetBroken(message, field)) wanted_.push_back(at);
      return;
    }
    if (SetBroken(message, field)) wanted_.push_back(absl::StrCat(at, "[0]"));
    if (!rules.has_max_items() || rules.max_items() > kMaxEntries) return;
    while (r.FieldSize(message, &field) <= rules.max_items())
      AddFine(message, field);
    wanted_.push_back(at);
  }

  void BreakMap(Message& message, const FieldDescriptor& field,
                const std::string& at) {
    const auto& r = *message.GetReflection();
    const v1::FieldRules& rules = RulesOf(field);
    if (!rules.has_max_items() || rules.max_items() > kMaxEntries) return;
    for (int i = 0; i <= rules.max_items(); ++i) {
      Message& entry = *r.AddMessage(&message, &field);
      entry.GetReflection()->SetString(
          &entry, field.message_type()->map_key(),
          i == 0 ? "NOT A KEY" : absl::StrCat("key", i));
    }
    wanted_.push_back(at);
    if (rules.is() != v1::FieldRules::TEXT)
      wanted_.push_back(absl::StrCat(at, "[\"NOT A KEY\"]"));
  }

  // A number outside of the range; infinite where there is none.
  static double BadNumber(const v1::FieldRules& rules) {
    if (rules.has_max()) {
      return rules.below_max() ? rules.max() : rules.max() + 1;
    }
    if (!rules.has_min()) return kInfinity;
    // 0 may stand for the default.
    return rules.min() - (rules.zero_is_default() ? 2 : 1);
  }

  // Sets the field, or adds an entry; whether any value breaks it.
  bool SetBroken(Message& message, const FieldDescriptor& field) {
    const auto& r = *message.GetReflection();
    const v1::FieldRules& rules = RulesOf(field);
    const bool ranged = rules.has_min() || rules.has_max();
    const double bad = BadNumber(rules);
    const bool list = field.is_repeated();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        if (ranged && list) r.AddInt32(&message, &field, int(bad));
        if (ranged && !list) r.SetInt32(&message, &field, int(bad));
        return ranged;
      case FieldDescriptor::CPPTYPE_INT64:
        if (ranged) r.SetInt64(&message, &field, int64_t(bad));
        return ranged;
      case FieldDescriptor::CPPTYPE_DOUBLE:
        list ? r.AddDouble(&message, &field, bad)
             : r.SetDouble(&message, &field, bad);
        return true;
      case FieldDescriptor::CPPTYPE_FLOAT:
        list ? r.AddFloat(&message, &field, float(bad))
             : r.SetFloat(&message, &field, float(bad));
        return true;
      case FieldDescriptor::CPPTYPE_ENUM:
        list ? r.AddEnumValue(&message, &field, 9999)
             : r.SetEnumValue(&message, &field, 9999);
        return true;
      case FieldDescriptor::CPPTYPE_STRING: {
        if (field.type() == FieldDescriptor::TYPE_BYTES) return false;
        // Any name may be a layer's, but not none.
        if (rules.is() == v1::FieldRules::LAYER && !list) return rules.needed();
        const std::string text = rules.has_max_bytes()
                                     ? std::string(rules.max_bytes() + 1, 'x')
                                     : std::string("not \0 it", 8);
        list ? r.AddString(&message, &field, text)
             : r.SetString(&message, &field, text);
        return true;
      }
      default:
        return false;
    }
  }

  static void AddFine(Message& message, const FieldDescriptor& field) {
    const auto& r = *message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
      r.AddDouble(&message, &field,
                  RulesOf(field).has_max() ? RulesOf(field).max()
                                           : RulesOf(field).min() + 1);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      r.AddString(&message, &field, "blobs/" + std::string(64, 'a'));
    } else {
      FAIL() << field.full_name() << ": what entry is fine?";
    }
  }

  const int arm_;
  std::vector<std::string> wanted_;
};

std::vector<std::string> FieldsOf(const Faults& faults) {
  std::vector<std::string> out;
  for (const Fault& fault : faults.list()) out.push_back(fault.field);
  return out;
}

int MostArms() {
  int most = 1;
  for (const auto* message : RequestMessages()) {
    for (int i = 0; i < message->real_oneof_decl_count(); ++i)
      most = std::max(most, message->oneof_decl(i)->field_count());
  }
  return most;
}

// One request of everything wrong has more faults than an answer lists, so
// its parts are broken one at a time, each whole.
TEST(EveryRuleTest, EveryBrokenRuleOfEveryArmComesBack) {
  size_t faults_seen = 0;
  for (int arm = 0; arm < MostArms(); ++arm) {
    v1::CreateJobRequest request;
    v1::JobSpec& spec = *request.mutable_job()->mutable_spec();
    Message* const parts[] = {spec.mutable_parameterization(),
                              spec.add_objectives(),
                              spec.add_transforms(),
                              spec.mutable_optimizer(),
                              spec.mutable_frames(),
                              spec.add_outputs(),
                              spec.mutable_gradient_overrides()};
    for (Message* part : parts) {
      Breaker breaker(arm);
      breaker.Break(*part, "part");
      Faults faults;
      AddRuleFaults(*part, "part", faults);
      EXPECT_THAT(FieldsOf(faults),
                  testing::UnorderedElementsAreArray(breaker.wanted()))
          << part->GetDescriptor()->name() << ", arm " << arm;
      EXPECT_FALSE(faults.full());
      faults_seen += faults.list().size();
    }
  }
  EXPECT_GT(faults_seen, 500u);
}

// The same over every message any call takes.
TEST(EveryRuleTest, EveryBrokenRuleOfEveryRequestComesBack) {
  google::protobuf::DynamicMessageFactory messages;
  for (const auto* type : RequestMessages()) {
    if (type->name() == "CreateJobRequest" || type->name() == "Job" ||
        type->name() == "UpdateJobRequest" || type->name() == "JobSpec") {
      continue;  // too many at once; the test above has their parts
    }
    const std::unique_ptr<Message> message(messages.GetPrototype(type)->New());
    Breaker breaker(0);
    breaker.Break(*message, "request");
    Faults faults;
    AddRuleFaults(*message, "request", faults);
    EXPECT_THAT(FieldsOf(faults),
                testing::UnorderedElementsAreArray(breaker.wanted()))
        << type->full_name();
  }
}

TEST(EveryRuleTest, EveryNeededArmFieldAndListThatIsMissingComesBack) {
  google::protobuf::DynamicMessageFactory messages;
  for (const auto* type : RequestMessages()) {
    const std::unique_ptr<Message> message(messages.GetPrototype(type)->New());
    std::vector<std::string> wanted;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor& field = *type->field(i);
      const v1::FieldRules& rules = RulesOf(field);
      // A plain number is 0 when unset.
      const bool zero_is_bad =
          !field.has_presence() && !field.is_repeated() &&
          !rules.zero_is_default() &&
          (rules.min() > 0 || (rules.above_min() && rules.min() == 0));
      if (!IsOutputOnly(field) && (rules.needed() || zero_is_bad))
        wanted.push_back("m." + field.name());
    }
    for (int i = 0; i < type->real_oneof_decl_count(); ++i) {
      if (RulesOf(*type->oneof_decl(i)).needed()) wanted.push_back("m");
    }
    Faults faults;
    AddRuleFaults(*message, "m", faults);
    EXPECT_THAT(FieldsOf(faults), testing::UnorderedElementsAreArray(wanted))
        << type->full_name();
  }
}

}  // namespace
}  // namespace phosphene
