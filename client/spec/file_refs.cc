// `file:PATH` in a spec: found, uploaded, replaced.

#include "client/spec/file_refs.h"

#include <filesystem>
#include <map>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "server/base/status_macros.h"
#include "server/rules/rules.h"

namespace phosphene::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr absl::string_view kPrefix = "file:";

// Calls `visit(value, field path)` for each string that is set and names a
// blob by its rule; a returned text replaces the value.
using Visitor = std::function<absl::StatusOr<std::string>(
    const std::string& value, const std::string& path)>;

absl::Status VisitBlobs(Message* message, const std::string& prefix,
                        const Visitor& visit) {
  const Reflection* reflection = message->GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = absl::StrCat(prefix, ".", field->name());
    const int count =
        field->is_repeated() ? reflection->FieldSize(*message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const std::string here =
          field->is_repeated() ? absl::StrCat(path, "[", i, "]") : path;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Message* child =
            field->is_repeated()
                ? reflection->MutableRepeatedMessage(message, field, i)
                : reflection->MutableMessage(message, field);
        RETURN_IF_ERROR(VisitBlobs(child, here, visit));
      } else if (RulesOf(*field).is() == v1::FieldRules::BLOB) {
        const std::string old =
            field->is_repeated()
                ? reflection->GetRepeatedString(*message, field, i)
                : reflection->GetString(*message, field);
        ASSIGN_OR_RETURN(std::string value, visit(old, here));
        if (value == old) continue;
        if (field->is_repeated()) {
          reflection->SetRepeatedString(message, field, i, std::move(value));
        } else {
          reflection->SetString(message, field, std::move(value));
        }
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

std::string FileRef(absl::string_view path) {
  if (absl::StartsWith(path, "blobs/")) return std::string(path);
  return absl::StrCat(kPrefix, path);
}

absl::Status ResolveFileRefs(
    Message* message, absl::string_view prefix, const std::string& folder,
    const std::function<absl::StatusOr<std::string>(const std::string&)>&
        upload) {
  std::map<std::string, std::string> done;
  const auto replace =
      [&](const std::string& value,
          const std::string& path) -> absl::StatusOr<std::string> {
    if (!absl::StartsWith(value, kPrefix)) return value;
    const std::string file =
        (std::filesystem::path(folder) / value.substr(kPrefix.size())).string();
    auto found = done.find(file);
    if (found == done.end()) {
      absl::StatusOr<std::string> blob = upload(file);
      if (ExitCodeOf(blob.status()) == kExitUsage)
        return AtField(path, blob.status());
      if (!blob.ok()) {
        return WithMessage(blob.status(),
                           absl::StrCat(path, ": ", blob.status().message()));
      }
      found = done.emplace(file, *std::move(blob)).first;
    }
    return found->second;
  };
  return VisitBlobs(message, std::string(prefix), replace);
}

std::vector<BlobRef> BlobsIn(const Message& message, absl::string_view prefix) {
  std::vector<BlobRef> out;
  const std::unique_ptr<Message> copy(message.New());
  copy->CopyFrom(message);
  const absl::Status status =
      VisitBlobs(copy.get(), std::string(prefix),
                 [&](const std::string& value,
                     const std::string& path) -> absl::StatusOr<std::string> {
                   if (absl::StartsWith(value, "blobs/"))
                     out.push_back({path, value});
                   return value;
                 });
  status.IgnoreError();  // the visitor has none
  return out;
}

}  // namespace phosphene::client
