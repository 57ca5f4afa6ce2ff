// Text format with errors that name place and nearest field.

#include "server/models/text_proto.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/nearest.h"

namespace phosphene {
namespace {

// Keeps the first error; those after it follow from it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  FirstError(absl::string_view file, const google::protobuf::Descriptor& type)
      : file_(file), type_(type) {}

  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!text_.empty()) return;
    text_ = absl::StrCat(file_, ":", line + 1, ":", column + 1, ": ", message,
                         Hint(message));
  }

  const std::string& text() const { return text_; }

 private:
  // For `... has no field named "X".`: the fields of the message like X.
  std::string Hint(const std::string& message) const {
    constexpr absl::string_view kMark = "has no field named \"";
    const size_t mark = message.find(kMark.data());
    if (mark == std::string::npos) return "";
    const size_t begin = mark + kMark.size();
    const std::string unknown =
        message.substr(begin, message.find('"', begin) - begin);
    std::vector<std::string> names;
    for (int i = 0; i < type_.field_count(); ++i)
      names.push_back(type_.field(i)->name());
    return NearestHint(unknown, names);
  }

  const absl::string_view file_;
  const google::protobuf::Descriptor& type_;
  std::string text_;
};

}  // namespace

absl::Status ParseTextProto(absl::string_view text, absl::string_view file,
                            google::protobuf::Message* message) {
  FirstError error(file, *message->GetDescriptor());
  google::protobuf::io::ArrayInputStream input(text.data(),
                                               static_cast<int>(text.size()));
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (parser.Parse(&input, message)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      error.text().empty() ? absl::StrCat(file, ": not in text format")
                           : error.text());
}

}  // namespace phosphene
