// Every arm of the JobSpec's oneofs is either in its registry or on the list
// of arms that are not built yet, which must answer UNIMPLEMENTED by name.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "server/engine/objectives/interface.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/outputs/interface.h"
#include "server/engine/params/interface.h"
#include "server/engine/transforms/interface.h"

namespace phosphene {
namespace {

// Arms the API has and the engine has not. An arm leaves this list when its
// kind enters the registry.
const std::set<std::string>& NotBuilt() {
  static const auto* const arms = new std::set<std::string>{};
  return *arms;
}

std::vector<std::string> ArmsOf(const google::protobuf::Descriptor* message) {
  const google::protobuf::OneofDescriptor* kind =
      message->FindOneofByName("kind");
  std::vector<std::string> arms;
  for (int i = 0; i < kind->field_count(); ++i)
    arms.push_back(kind->field(i)->name());
  return arms;
}

template <typename Kind>
std::vector<std::string> NamesOf(const std::vector<const Kind*>& kinds) {
  std::vector<std::string> names;
  for (const Kind* kind : kinds) names.push_back(kind->arm);
  return names;
}

// Sets the arm to an empty message.
template <typename Message>
Message WithArm(const std::string& arm) {
  Message message;
  const auto* field = message.GetDescriptor()->FindFieldByName(arm);
  message.GetReflection()->MutableMessage(&message, field);
  return message;
}

struct Oneof {
  const char* what;
  std::vector<std::string> arms;        // of the proto
  std::vector<std::string> registered;  // of the registry
  std::function<absl::Status(const std::string& arm)> check;
};

std::vector<Oneof> Oneofs() {
  return {
      {"parameterization", ArmsOf(v1::Parameterization::descriptor()),
       NamesOf(ParamKinds()),
       [](const std::string& arm) {
         return CheckParam(WithArm<v1::Parameterization>(arm),
                           "spec.parameterization");
       }},
      {"objective", ArmsOf(v1::Objective::descriptor()),
       NamesOf(ObjectiveKinds()),
       [](const std::string& arm) {
         return CheckObjective(WithArm<v1::Objective>(arm), nullptr, Canvas{},
                               "spec.objectives[0]");
       }},
      {"transform", ArmsOf(v1::Transform::descriptor()),
       NamesOf(TransformKinds()),
       [](const std::string& arm) {
         google::protobuf::RepeatedPtrField<v1::Transform> list;
         *list.Add() = WithArm<v1::Transform>(arm);
         return TransformChain::Check(list, 3, 224, 224, "spec.transforms");
       }},
      {"optimizer", ArmsOf(v1::Optimizer::descriptor()),
       NamesOf(OptimizerKinds()),
       [](const std::string& arm) {
         return CheckOptimizer(WithArm<v1::Optimizer>(arm), "spec.optimizer");
       }},
      {"output", ArmsOf(v1::Output::descriptor()), NamesOf(OutputKinds()),
       [](const std::string& arm) {
         v1::JobSpec spec;
         *spec.add_outputs() = WithArm<v1::Output>(arm);
         return CheckOutputs(spec);
       }},
  };
}

TEST(ArmsTest, EveryRegisteredKindIsAnArmOfTheProto) {
  for (const Oneof& oneof : Oneofs()) {
    const std::set<std::string> arms(oneof.arms.begin(), oneof.arms.end());
    std::set<std::string> seen;
    for (const std::string& name : oneof.registered) {
      EXPECT_TRUE(arms.count(name))
          << oneof.what << " kind \"" << name << "\" is no arm";
      EXPECT_TRUE(seen.insert(name).second)
          << oneof.what << " kind \"" << name << "\" twice";
    }
  }
}

TEST(ArmsTest, EveryArmHasAKindOrIsListedAsNotBuilt) {
  for (const Oneof& oneof : Oneofs()) {
    const std::set<std::string> kinds(oneof.registered.begin(),
                                      oneof.registered.end());
    for (const std::string& arm : oneof.arms) {
      if (arm == "preset") continue;  // stands for other transforms
      const bool listed =
          NotBuilt().count(absl::StrCat(oneof.what, ".", arm)) > 0;
      EXPECT_NE(kinds.count(arm) > 0, listed)
          << oneof.what << "." << arm
          << (listed ? " is built: take it off the list" : " has no kind");
    }
  }
}

TEST(ArmsTest, ArmsNotBuiltAreNamedAsSuch) {
  for (const Oneof& oneof : Oneofs()) {
    const std::set<std::string> kinds(oneof.registered.begin(),
                                      oneof.registered.end());
    for (const std::string& arm : oneof.arms) {
      if (arm == "preset" || kinds.count(arm)) continue;
      // Beside what an empty arm lacks.
      EXPECT_THAT(std::string(oneof.check(arm).message()),
                  testing::ContainsRegex("\\." + arm + ": .*is not built in"))
          << oneof.what << "." << arm;
    }
  }
}

TEST(ArmsTest, BuiltArmsAreNeverAnsweredUnimplemented) {
  for (const Oneof& oneof : Oneofs()) {
    for (const std::string& arm : oneof.registered) {
      const absl::Status status = oneof.check(arm);
      EXPECT_NE(status.code(), absl::StatusCode::kUnimplemented)
          << oneof.what << "." << arm << ": " << status;
    }
  }
}

}  // namespace
}  // namespace phosphene
