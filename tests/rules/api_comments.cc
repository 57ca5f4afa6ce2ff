// Reads the descriptor set that the build makes with --include_source_info.
#include "tests/rules/api_comments.h"

#include <fstream>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "google/api/field_behavior.pb.h"
#include "google/protobuf/descriptor.pb.h"
#include "server/base/log.h"
#include "server/rules/rules.h"

namespace phosphene {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;

template <typename Described>
std::string LeadingComment(const Described& described) {
  google::protobuf::SourceLocation where;
  if (!described.GetSourceLocation(&where)) return "";
  const std::vector<std::string> words = absl::StrSplit(
      where.leading_comments, absl::ByAnyChar(" \n"), absl::SkipEmpty());
  return absl::StrJoin(words, " ");
}

bool IsOfApi(const Descriptor& message) {
  return message.file()->package() == "phosphene.v1" &&
         !message.options().map_entry();
}

// `message` and all it holds.
void Gather(const Descriptor& message, std::set<const Descriptor*>& seen) {
  if (!IsOfApi(message) || !seen.insert(&message).second) return;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.message_type() != nullptr && !IsOutputOnly(field)) {
      Gather(*field.message_type(), seen);
    }
  }
}

// Messages of a file as they stand in it, those within others too.
void List(const Descriptor& message, const std::set<const Descriptor*>& wanted,
          std::vector<const Descriptor*>& out) {
  if (wanted.count(&message) > 0) out.push_back(&message);
  for (int i = 0; i < message.nested_type_count(); ++i) {
    List(*message.nested_type(i), wanted, out);
  }
}

std::vector<const FileDescriptor*> Files() {
  std::vector<const FileDescriptor*> out;
  for (const char* name :
       {"job_service", "job", "parameterization", "objective", "transform",
        "optimizer", "model_service", "model", "blob_service"}) {
    out.push_back(ApiWithComments().FindFileByName(
        std::string("phosphene/v1/") + name + ".proto"));
    PHOSPHENE_CHECK(out.back() != nullptr);
  }
  return out;
}

std::vector<const Descriptor*> InOrder(
    const std::set<const Descriptor*>& wanted) {
  std::vector<const Descriptor*> out;
  for (const FileDescriptor* file : Files()) {
    for (int i = 0; i < file->message_type_count(); ++i) {
      List(*file->message_type(i), wanted, out);
    }
  }
  return out;
}

}  // namespace

const DescriptorPool& ApiWithComments() {
  static const DescriptorPool* const pool = [] {
    std::ifstream file(PHOSPHENE_API_DESCRIPTORS, std::ios::binary);
    google::protobuf::FileDescriptorSet set;
    PHOSPHENE_CHECK(set.ParseFromIstream(&file));
    auto* made = new DescriptorPool;
    for (const auto& proto : set.file()) {
      PHOSPHENE_CHECK(made->BuildFile(proto) != nullptr);
    }
    return made;
  }();
  return *pool;
}

bool IsOutputOnly(const FieldDescriptor& field) {
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

std::string CommentOf(const FieldDescriptor& field) {
  return LeadingComment(field);
}

std::string CommentOf(const Descriptor& message) {
  return LeadingComment(message);
}

std::vector<const Descriptor*> RequestMessages() {
  std::set<const Descriptor*> wanted;
  for (const FileDescriptor* file : Files()) {
    for (int s = 0; s < file->service_count(); ++s) {
      const auto& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        Gather(*service.method(m)->input_type(), wanted);
      }
    }
  }
  return InOrder(wanted);
}

std::vector<const Descriptor*> MessagesUnder(const std::string& root) {
  std::set<const Descriptor*> wanted;
  Gather(*ApiWithComments().FindMessageTypeByName("phosphene.v1." + root),
         wanted);
  return InOrder(wanted);
}

}  // namespace phosphene
