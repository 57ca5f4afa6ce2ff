// An ONNX file and the files of weights beside it, sent as one.

#include "client/onnx/joined_model.h"

#include <fcntl.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl.h>
#include <google/protobuf/stubs/logging.h>
#include <google/protobuf/wire_format_lite.h>
#include <unistd.h>

#include <climits>
#include <string>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/base/beside.h"
#include "phosphene/onnx/onnx.pb.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using google::protobuf::io::FileInputStream;
using onnx::TensorProto;

constexpr int kMaxDepth = 100;

// Whether a message holds external data, without reading the data that is
// inside. False when it cannot be read: the server says what is wrong.
bool HoldsExternalData(const Descriptor* type, int depth, CodedInputStream* in,
                       bool* damaged) {
  while (const uint32_t tag = in->ReadTag()) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    const FieldDescriptor* field = type->FindFieldByNumber(number);
    const bool nested = field != nullptr &&
                        field->type() == FieldDescriptor::TYPE_MESSAGE &&
                        WireFormatLite::GetTagWireType(tag) ==
                            WireFormatLite::WIRETYPE_LENGTH_DELIMITED;
    if (type == TensorProto::descriptor() &&
        number == TensorProto::kExternalDataFieldNumber) {
      return true;
    }
    int length;
    if (!nested) {
      *damaged = *damaged || !WireFormatLite::SkipField(in, tag);
    } else if (depth == kMaxDepth || !in->ReadVarintSizeAsInt(&length)) {
      *damaged = true;
    } else {
      const auto limit = in->PushLimit(length);
      if (HoldsExternalData(field->message_type(), depth + 1, in, damaged))
        return true;
      in->PopLimit(limit);
    }
    if (*damaged) return false;
  }
  return false;
}

// The message in a file, if it is a model with external data.
bool ReadModelWithExternalData(const std::string& path,
                               onnx::ModelProto* model) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const auto close_it = absl::MakeCleanup([fd] { close(fd); });
  {
    FileInputStream file(fd);
    CodedInputStream in(&file);
    in.SetTotalBytesLimit(INT_MAX);
    bool damaged = false;
    if (!HoldsExternalData(onnx::ModelProto::descriptor(), 0, &in, &damaged))
      return false;
  }
  return lseek(fd, 0, SEEK_SET) == 0 && model->ParseFromFileDescriptor(fd);
}

bool IsExternal(const TensorProto& tensor) {
  return tensor.data_location() == TensorProto::EXTERNAL;
}

// Bytes of a file beside the model.
struct Place {
  std::string path;
  int64_t offset = 0;
  int64_t length = -1;  // -1: to the end
};

class Joiner {
 public:
  explicit Joiner(const std::string& path) : folder_(FolderOf(path)) {}

  absl::StatusOr<ByteSource> Join(onnx::ModelProto* model) {
    std::vector<TensorProto> external;
    auto* initializers = model->mutable_graph()->mutable_initializer();
    for (int i = initializers->size(); i-- > 0;) {
      if (!IsExternal(initializers->Get(i))) continue;
      external.push_back(std::move(*initializers->Mutable(i)));
      initializers->DeleteSubrange(i, 1);
    }
    RETURN_IF_ERROR(FillAttributes(model->mutable_graph()));
    ByteSource out;
    out.Add(model->SerializePartialAsString());
    for (auto it = external.rbegin(); it != external.rend(); ++it) {
      RETURN_IF_ERROR(AddInitializer(&*it, &out));
    }
    return out;
  }

 private:
  static absl::Status Bad(const TensorProto& tensor,
                          absl::string_view problem) {
    return absl::InvalidArgumentError(
        absl::StrCat("tensor \"", tensor.name(), "\" ", problem));
  }

  static absl::Status Annotated(const TensorProto& tensor,
                                const absl::Status& status) {
    return absl::Status(
        status.code(),
        absl::StrCat("tensor \"", tensor.name(),
                     "\" keeps its data in another file: ", status.message()));
  }

  absl::StatusOr<Place> Find(const TensorProto& tensor) const {
    Place place;
    std::string location;
    for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
      if (entry.key() == "location") location = entry.value();
      int64_t* const number = entry.key() == "offset"   ? &place.offset
                              : entry.key() == "length" ? &place.length
                                                        : nullptr;
      if (number == nullptr) continue;
      if (!absl::SimpleAtoi(entry.value(), number) || *number < 0) {
        return Bad(tensor, absl::StrCat("keeps its data at ", entry.key(),
                                        " \"", entry.value(),
                                        "\", which is no number of bytes"));
      }
    }
    ASSIGN_OR_RETURN(place.path, Resolve(tensor, location));
    return place;
  }

  // The file of that name, if it lies in the model's folder.
  absl::StatusOr<std::string> Resolve(const TensorProto& tensor,
                                      const std::string& location) const {
    if (location.empty() || location.find('\0') != std::string::npos)
      return Bad(tensor, "does not say in which file its data is");
    const absl::StatusOr<std::string> file = FileBeside(folder_, location);
    if (absl::IsNotFound(file.status())) {
      return absl::NotFoundError(absl::StrCat(
          "tensor \"", tensor.name(), "\" keeps its data in \"", location,
          "\", which is not beside the model: ", file.status().message()));
    }
    if (file.ok()) return file;
    return Bad(tensor,
               absl::StrCat("keeps its data in \"", location,
                            "\"; only files in the model's folder are read"));
  }

  // Data of tensors in attributes, which is small, goes into the message.
  absl::Status FillAttributes(onnx::GraphProto* graph) const {
    for (onnx::NodeProto& node : *graph->mutable_node()) {
      for (onnx::AttributeProto& attribute : *node.mutable_attribute()) {
        if (!attribute.has_t() || !IsExternal(attribute.t())) continue;
        RETURN_IF_ERROR(Fill(attribute.mutable_t()));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Fill(TensorProto* tensor) const {
    ASSIGN_OR_RETURN(const Place place, Find(*tensor));
    ByteSource data;
    absl::Status added = data.AddFile(place.path, place.offset, place.length);
    if (!added.ok()) return Annotated(*tensor, added);
    constexpr int64_t kMaxInAttributes = 256 << 20;
    if (data.size() > kMaxInAttributes) {
      return Bad(*tensor, absl::StrCat("of an attribute has ", data.size(),
                                       " bytes in another file; at most ",
                                       kMaxInAttributes, " are read"));
    }
    std::string bytes(static_cast<size_t>(data.size()), '\0');
    for (size_t done = 0; done < bytes.size();) {
      ASSIGN_OR_RETURN(const size_t n,
                       data.Read(static_cast<int64_t>(done),
                                 bytes.data() + done, bytes.size() - done));
      done += n;
    }
    Clear(tensor);
    tensor->set_raw_data(std::move(bytes));
    return absl::OkStatus();
  }

  static void Clear(TensorProto* tensor) {
    tensor->clear_external_data();
    tensor->clear_data_location();
    tensor->clear_doc_string();
  }

  // Appends the model's graph once more, with one initializer: messages given
  // several times merge, so readers see one graph with all of them.
  absl::Status AddInitializer(TensorProto* tensor, ByteSource* out) const {
    ASSIGN_OR_RETURN(const Place place, Find(*tensor));
    ByteSource data;
    const absl::Status added =
        data.AddFile(place.path, place.offset, place.length);
    if (!added.ok()) return Annotated(*tensor, added);
    Clear(tensor);
    const std::string start = tensor->SerializePartialAsString();
    // A doc string of spaces brings the data to where it should begin.
    std::string head;
    for (int padding = 0; padding < 2 * kDataAlignment; ++padding) {
      head = Head(start, padding, data.size());
      if ((out->size() + static_cast<int64_t>(head.size())) % kDataAlignment ==
          0)
        break;
    }
    out->Add(std::move(head));
    return out->AddFile(place.path, place.offset, data.size());
  }

  static std::string Head(const std::string& start, int padding,
                          int64_t length) {
    std::string tensor = start;
    AppendTag(TensorProto::kDocStringFieldNumber, padding, &tensor);
    tensor.append(padding, ' ');
    AppendTag(TensorProto::kRawDataFieldNumber, length, &tensor);
    const int64_t tensor_size = static_cast<int64_t>(tensor.size()) + length;
    std::string graph;
    AppendTag(onnx::GraphProto::kInitializerFieldNumber, tensor_size, &graph);
    std::string head;
    AppendTag(onnx::ModelProto::kGraphFieldNumber,
              static_cast<int64_t>(graph.size()) + tensor_size, &head);
    return head + graph + tensor;
  }

  // Tag and length of a field.
  static void AppendTag(int number, int64_t length, std::string* out) {
    AppendVarint(WireFormatLite::MakeTag(
                     number, WireFormatLite::WIRETYPE_LENGTH_DELIMITED),
                 out);
    AppendVarint(static_cast<uint64_t>(length), out);
  }

  static void AppendVarint(uint64_t value, std::string* out) {
    for (; value >= 128; value >>= 7) *out += static_cast<char>(value | 128);
    *out += static_cast<char>(value);
  }

  const std::string folder_;
};

}  // namespace

absl::StatusOr<ByteSource> OpenModelFile(const std::string& path) {
  onnx::ModelProto model;
  // Names that are no text are the server's to complain of.
  const google::protobuf::LogSilencer silence;
  if (!ReadModelWithExternalData(path, &model)) return ByteSource::OfFile(path);
  return Joiner(path).Join(&model);
}

}  // namespace phosphene::client
