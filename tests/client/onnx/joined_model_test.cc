#include "client/onnx/joined_model.h"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "phosphene/onnx/onnx.pb.h"
#include "tests/client/temp_folder.h"

namespace phosphene::client {
namespace {

using onnx::ModelProto;
using onnx::TensorProto;
using testing::AllOf;
using testing::HasSubstr;

void Entry(TensorProto* tensor, const std::string& key,
           const std::string& value) {
  auto* entry = tensor->add_external_data();
  entry->set_key(key);
  entry->set_value(value);
}

void SetExternal(TensorProto* tensor, const std::string& location) {
  tensor->set_data_location(TensorProto::EXTERNAL);
  Entry(tensor, "location", location);
}

std::string All(const ByteSource& source) {
  std::string out(static_cast<size_t>(source.size()), '?');
  for (size_t at = 0; at < out.size();) {
    at += *source.Read(static_cast<int64_t>(at), out.data() + at,
                       out.size() - at);
  }
  return out;
}

class JoinedModelTest : public testing::Test {
 protected:
  JoinedModelTest() {
    std::filesystem::create_directories(folder_ / "net");
    Put(Path("net.onnx.data"), absl::StrCat("0123", weights_, "more"));
    model_.set_ir_version(8);
    TensorProto* inside = AddTensor("inside");
    inside->set_raw_data("abcd");
    TensorProto* part = AddTensor("part");
    SetExternal(part, "net.onnx.data");
    Entry(part, "offset", "4");
    Entry(part, "length", "100000");
    part->set_doc_string("text");
    SetExternal(AddTensor("all"), "net.onnx.data");
    model_.mutable_graph()->add_output()->set_name("out");
  }

  std::string Path(const std::string& name) const {
    return folder_ / ("net/" + name);
  }

  TensorProto* AddTensor(const std::string& name) {
    TensorProto* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->add_dims(7);
    return tensor;
  }

  absl::StatusOr<ByteSource> Open() {
    Put(Path("net.onnx"), model_.SerializeAsString());
    return OpenModelFile(Path("net.onnx"));
  }

  ModelProto Joined() {
    const auto source = Open();
    EXPECT_TRUE(source.ok()) << source.status();
    ModelProto read;
    EXPECT_TRUE(source.ok() && read.ParseFromString(All(*source)));
    return read;
  }

  // The error when a tensor's data lies there.
  std::string ErrorOf(const std::string& location, const std::string& key = "",
                      const std::string& value = "") {
    model_.mutable_graph()->clear_initializer();
    TensorProto* tensor = AddTensor("w");
    SetExternal(tensor, location);
    if (!key.empty()) Entry(tensor, key, value);
    return Open().status().ToString();
  }

  const TempFolder folder_;
  const std::string weights_ = absl::StrCat(std::string(99'999, 'w'), "!");
  ModelProto model_;
};

TEST_F(JoinedModelTest, DataBesideTheModelIsPutIn) {
  const ModelProto read = Joined();
  ASSERT_EQ(read.graph().initializer_size(), 3);
  EXPECT_EQ(read.graph().output(0).name(), "out");
  const TensorProto& part = read.graph().initializer(1);
  EXPECT_EQ(read.graph().initializer(0).raw_data(), "abcd");
  EXPECT_EQ(part.raw_data(), weights_);
  EXPECT_EQ(part.name(), "part");
  EXPECT_EQ(part.dims(0), 7);
  EXPECT_EQ(part.data_location(), TensorProto::DEFAULT);
  EXPECT_EQ(part.external_data_size(), 0);
  EXPECT_EQ(read.graph().initializer(2).raw_data(), "0123" + weights_ + "more");
}

TEST_F(JoinedModelTest, DataBeginsWhereItCanBeReadInPlace) {
  for (int shift = 0; shift < 70; ++shift) {
    model_.set_producer_name(std::string(shift, 'p'));
    const std::string bytes = All(*Open());
    EXPECT_EQ(bytes.find(weights_) % kDataAlignment, 0u) << shift;
  }
}

TEST_F(JoinedModelTest, DataOfAttributesIsPutIn) {
  auto* attribute = model_.mutable_graph()->add_node()->add_attribute();
  SetExternal(attribute->mutable_t(), "net.onnx.data");
  Entry(attribute->mutable_t(), "length", "2");
  EXPECT_EQ(Joined().graph().node(0).attribute(0).t().raw_data(), "01");
}

TEST_F(JoinedModelTest, OtherFilesAreSentAsTheyAre) {
  for (int i = 0; i < 3; ++i) {
    TensorProto* tensor = model_.mutable_graph()->mutable_initializer(i);
    tensor->clear_external_data();
    tensor->clear_data_location();
  }
  EXPECT_EQ(All(*Open()), model_.SerializeAsString());
  for (const std::string& bytes :
       {std::string(), std::string("no ONNX"), std::string(100, '\xff')}) {
    Put(Path("other"), bytes);
    EXPECT_EQ(All(*OpenModelFile(Path("other"))), bytes);
  }
  EXPECT_EQ(OpenModelFile(Path("nothing")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(JoinedModelTest, AModelCutOffAnywhereIsSentOrRefused) {
  const std::string bytes = model_.SerializeAsString();
  for (size_t length = 0; length < bytes.size(); ++length) {
    Put(Path("cut"), bytes.substr(0, length));
    (void)OpenModelFile(Path("cut"));
  }
}

TEST_F(JoinedModelTest, FilesOutsideTheFolderAreRefused) {
  Put(folder_ / "secret", "secret");
  std::filesystem::create_symlink(folder_ / "secret", Path("link"));
  std::filesystem::create_directory_symlink(folder_.path(), Path("up"));
  for (const std::string& location :
       {std::string(folder_ / "secret"), std::string("../secret"),
        std::string("../net/net.onnx.data"), std::string("link"),
        std::string("up/secret"), std::string("./../secret")}) {
    EXPECT_THAT(
        ErrorOf(location),
        AllOf(HasSubstr("INVALID_ARGUMENT: tensor \"w\" keeps its data in"),
              HasSubstr("only files in the model's folder are read")))
        << location;
  }
}

TEST_F(JoinedModelTest, LinksAndFoldersWithinTheFolderAreFollowed) {
  std::filesystem::create_symlink("net.onnx.data", Path("link"));
  std::filesystem::create_directory(Path("weights"));
  Put(Path("weights/w"), "w");
  EXPECT_EQ(ErrorOf("link"), "OK");
  EXPECT_EQ(ErrorOf("weights/w"), "OK");
}

TEST_F(JoinedModelTest, PlacesThatAreNotThereAreNamed) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("does not say in which file"));
  EXPECT_THAT(ErrorOf(std::string("net.onnx.data\0x", 15)),
              HasSubstr("does not say in which file"));
  EXPECT_THAT(ErrorOf("missing"),
              AllOf(HasSubstr("NOT_FOUND: tensor \"w\""),
                    HasSubstr("\"missing\", which is not")));
  EXPECT_THAT(ErrorOf("."), HasSubstr("not a regular file"));
  EXPECT_THAT(ErrorOf("net.onnx.data", "offset", "200000"),
              AllOf(HasSubstr("OUT_OF_RANGE: tensor \"w\""),
                    HasSubstr("has 100008 bytes")));
  EXPECT_THAT(ErrorOf("net.onnx.data", "length", "9223372036854775807"),
              HasSubstr("OUT_OF_RANGE"));
  EXPECT_THAT(ErrorOf("net.onnx.data", "offset", "-1"),
              HasSubstr("offset \"-1\", which is no number of bytes"));
  EXPECT_THAT(ErrorOf("net.onnx.data", "length", "many"),
              HasSubstr("length \"many\""));
}

}  // namespace
}  // namespace phosphene::client
