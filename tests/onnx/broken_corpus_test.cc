// Broken files: whatever the bytes are, the answer is an error or a network,
// never a crash, an exception or more memory than loader.h states. Run under
// AddressSanitizer too (preset asan).

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/file/wire.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/program/passes.h"
#include "server/engine/tensor/torch_pch.h"
#include "tests/onnx/allocation_meter.h"
#include "tests/onnx/broken_nets.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::string& bytes) {
  const auto info = OpenBytes(bytes);
  return info.ok() ? "opened" : std::string(info.status().message());
}

std::string ErrorOf(const NetBuilder& net) { return ErrorOf(net.Bytes()); }

TEST(BrokenCorpusTest, TheWholeNetWorks) {
  EXPECT_TRUE(TryNetwork(NetOfEverything().Bytes()));
}

TEST(BrokenCorpusTest, AFileCutAnywhereIsAnErrorOrTheFieldsBefore) {
  const std::string bytes = NetOfEverything().Bytes();
  int refused = 0;
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string part = bytes.substr(0, length);
    onnx::ModelProto model;
    // Cut between two fields of the outermost message it is a file of fewer.
    if (model.ParsePartialFromString(part) && model.has_graph()) continue;
    EXPECT_FALSE(OpenBytes(part).ok()) << length;
    ++refused;
  }
  EXPECT_GT(refused, static_cast<int>(bytes.size()) - 10);
}

// As if the writer had stopped there: messages end in order, what follows is
// missing.
TEST(BrokenCorpusTest, AFileWrittenUpToAnyFieldIsAnErrorOrANetwork) {
  const std::string bytes = NetOfEverything().Bytes();
  std::string before;
  int different = 0;
  for (size_t length = 1; length < bytes.size(); ++length) {
    onnx::ModelProto part;
    (void)part.ParsePartialFromArray(bytes.data(), static_cast<int>(length));
    const std::string mended = part.SerializePartialAsString();
    if (mended == before) continue;
    before = mended;
    TryNetwork(mended);
    ++different;
  }
  EXPECT_GT(different, 300);
}

TEST(BrokenCorpusTest, AnySmallChangeIsAnErrorOrANetwork) {
  NetBuilder net = NetOfEverything();
  const ChangeWords words = WordsOfEverything();
  int refused = 0, ran = 0;
  AllocationMeter meter;
  ForEachChange(&net.proto(), words, [&] {
    ++(TryNetwork(net.Bytes()) ? ran : refused);
    return true;
  });
  EXPECT_GT(refused, 1000);
  EXPECT_GT(ran, 1000);
  EXPECT_LT(meter.peak(), onnx::kReadBytes);
}

TEST(BrokenCorpusTest, FlippedBitsAreAnErrorOrANetwork) {
  const std::string bytes = NetOfEverything().Bytes();
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    std::string broken = bytes;
    for (int flips = 1 + static_cast<int>(random() % 4); flips > 0; --flips) {
      broken[random() % broken.size()] ^= static_cast<char>(1 << random() % 8);
    }
    TryNetwork(broken);
  }
}

TEST(BrokenCorpusTest, AnySmallChangeAroundLargeDataIsAnErrorOrANetwork) {
  NetBuilder net = NetOfLargeData();
  EXPECT_TRUE(TryNetwork(net.Bytes()));
  int refused = 0, ran = 0;
  ForEachChange(&net.proto(), WordsOfEverything(), [&] {
    ++(TryNetwork(net.Bytes()) ? ran : refused);
    return true;
  });
  EXPECT_GT(refused, 100);
  EXPECT_GT(ran, 100);
}

TEST(BrokenCorpusTest, AFileOfLargeDataCutAnywhereIsAnErrorOrTheFieldsBefore) {
  const std::string bytes = NetOfLargeData().Bytes();
  for (size_t length = 0; length < bytes.size(); length += 7) {
    TryNetwork(bytes.substr(0, length));
  }
}

// Lengths and tags between the data: what the data's places depend on.
TEST(BrokenCorpusTest, FlippedBitsAroundLargeDataAreAnErrorOrANetwork) {
  const std::string bytes = NetOfLargeData().Bytes();
  std::mt19937_64 random(2);
  for (int i = 0; i < 3000; ++i) {
    std::string broken = bytes;
    size_t at = random() % 64;
    if (i % 4 != 0) {
      const std::string name = i % 2 == 0 ? "conv/weight" : "plane";
      at = bytes.find(name) - 16 + random() % 48;
    }
    broken[at] ^= static_cast<char>(1 << random() % 8);
    TryNetwork(broken);
  }
}

TEST(BrokenCorpusTest, EmptyWeightsAreAnErrorOrANetwork) {
  const NetBuilder whole = NetOfEverything();
  NetBuilder net = whole;
  for (int w = 0; w < net.proto().graph().initializer_size(); ++w) {
    const onnx::TensorProto weight = net.proto().graph().initializer(w);
    for (int d = 0; d < weight.dims_size(); ++d) {
      auto* changed = net.proto().mutable_graph()->mutable_initializer(w);
      changed->set_dims(d, 0);
      changed->set_raw_data("");
      changed->clear_int32_data();
      changed->clear_float_data();
      TryNetwork(net.Bytes());
      *changed = weight;
    }
  }
}

// Constants, attributes and operators drawn at random: folding runs them.
class DrawnNode {
 public:
  explicit DrawnNode(uint64_t seed) : random_(seed), net_(17, {0, 3, 8, 8}) {
    const auto whole = [](std::vector<int64_t> v) {
      return at::tensor(v, at::kLong);
    };
    net_.Weight("f0", RandomTensor({3, 4}, 1, -2, 2))
        .Weight("f1", RandomTensor({1, 3, 5, 4}, 2));
    net_.Weight("f2", at::scalar_tensor(0.5f)).Weight("f3", at::zeros({0, 4}));
    net_.Weight("f4", RandomTensor({70'000, 1}, 3))
        .Weight("f5", RandomTensor({1, 70'000}, 4));
    net_.Weight("i0", whole({0, 1})).Weight("i1", whole({-1, 2, 3, 100}));
    net_.Weight("i2", whole({int64_t{1} << 40, 2}))
        .Weight("i3", at::scalar_tensor(-1, at::kLong));
    net_.Weight("i4", whole({INT64_MIN, INT64_MAX}))
        .Weight("i5", at::zeros({0}, at::kLong));
    net_.Weight("i6", whole({1, 3, 5, 4}));
  }

  std::string Bytes(const std::string& op) {
    net_.Relu("image", "relu").Output("relu");
    std::vector<std::string> inputs;
    for (uint64_t count = random_() % 6; count > 0; --count)
      inputs.push_back(Input());
    net_.Node(op, inputs, "drawn");
    if (random_() % 4 == 0)
      net_.proto().mutable_graph()->mutable_node()->rbegin()->add_output(
          "more");
    for (const char* name :
         {"axis",        "axes",      "keepdims",     "perm",    "kernel_shape",
          "pads",        "strides",   "dilations",    "group",   "blocksize",
          "epsilon",     "alpha",     "size",         "to",      "mode",
          "num_outputs", "equation",  "output_shape", "largest", "batch_dims",
          "batch_axis",  "time_axis", "num_groups",   "p",       "k"}) {
      if (random_() % 3 == 0) Attribute(name);
    }
    net_.Node("Cast", {"drawn"}, "floating").Int("to", 1);
    net_.Node("ReduceSum", {"floating"}, "number").Int("keepdims", 0);
    net_.Node("Add", {"relu", "number"}, "result").Output("result");
    return net_.Bytes();
  }

 private:
  std::string Input() {
    static const std::vector<std::string> kNames = {
        "f0", "f1", "f2", "f3", "f4", "f5",   "i0", "i1",
        "i2", "i3", "i4", "i5", "i6", "relu", ""};
    return kNames[random_() % kNames.size()];
  }

  int64_t Number() {
    static const std::vector<int64_t> kNumbers = {
        0,         1,        2, 3, -1, -2, -4, 7, 64, 1 << 16, int64_t{1} << 40,
        INT64_MIN, INT64_MAX};
    return kNumbers[random_() % (random_() % 4 == 0 ? kNumbers.size() : 7)];
  }

  void Attribute(const std::string& name) {
    static const std::vector<std::string> kTexts = {
        "constant",  "reflect", "edge",       "linear", "cubic",
        "ij,jk->ik", "ij,ij",   "SAME_LOWER", "DCR",    "tanh"};
    switch (random_() % 4) {
      case 0:
        net_.Int(name, Number());
        return;
      case 1:
        net_.Float(name, static_cast<float>(Number()));
        return;
      case 2:
        net_.Text(name, kTexts[random_() % kTexts.size()]);
        return;
      default:
        break;
    }
    NetBuilder::Ints values;
    for (uint64_t count = random_() % 5; count > 0; --count)
      values.push_back(Number());
    net_.Values(name, values);
  }

  std::mt19937_64 random_;
  NetBuilder net_;
};

TEST(BrokenCorpusTest, AnyOperatorOnAnyConstantsIsAnErrorOrANetwork) {
  AllocationMeter meter;
  uint64_t seed = 0;
  for (const onnx::OpKind& op : onnx::AllOps()) {
    SCOPED_TRACE(op.name);
    for (int i = 0; i < 40; ++i) TryNetwork(DrawnNode(++seed).Bytes(op.name));
  }
  EXPECT_LT(meter.peak(), onnx::kReadBytes);
}

TEST(BrokenCorpusTest, IntegersThatCannotBeDividedAreAnErrorOrANetwork) {
  for (const char* op : {"Div", "Mod"}) {
    for (int64_t divisor : {int64_t{0}, int64_t{-1}}) {
      NetBuilder net;
      net.Weight("a", at::tensor({INT64_MIN, int64_t{5}}))
          .Weight("b", at::tensor({divisor, divisor}));
      net.Node(op, {"a", "b"}, "c").Node("Cast", {"c"}, "d").Int("to", 1);
      net.Node("ReduceSum", {"d"}, "e")
          .Int("keepdims", 0)
          .Node("Add", {"image", "e"}, "f")
          .Output("f");
      TryNetwork(net.Bytes());
    }
  }
}

TEST(BrokenCorpusTest, ImagesOfAbsurdSizeAreRefused) {
  for (const NetBuilder::Ints& dims : std::vector<NetBuilder::Ints>{
           {1, int64_t{1} << 40, 8, 8}, {1, 1 << 20, 8, 8}}) {
    NetBuilder net(17, dims);
    net.Relu("image", "relu").Output("relu");
    EXPECT_THAT(ErrorOf(net), HasSubstr("input \"image\" asks for images of"));
  }
}

// Exporters write such sizes for "any"; nothing of that size is ever made.
TEST(BrokenCorpusTest, SidesOfAbsurdSizeCountAsAny) {
  for (const NetBuilder::Ints& dims :
       std::vector<NetBuilder::Ints>{{1, 3, int64_t{1} << 40, 8},
                                     {1, 3, int64_t{1} << 32, int64_t{1} << 32},
                                     {0, 3, INT64_MAX, INT64_MAX}}) {
    NetBuilder net(17, dims);
    net.Relu("image", "relu").Output("relu");
    EXPECT_EQ(net.Open()->input_height(), 0);
    EXPECT_TRUE(TryNetwork(net.Bytes()));
  }
}

TEST(BrokenCorpusTest, CyclesOfAnyLengthAreRefused) {
  for (int length : {1, 2, 20'000}) {
    NetBuilder net;
    for (int i = 0; i < length; ++i) {
      net.Node("Add", {"image", absl::StrCat("v", (i + length - 1) % length)},
               absl::StrCat("v", i));
    }
    net.Output("v0");
    EXPECT_THAT(ErrorOf(net), HasSubstr("the graph has a cycle")) << length;
  }
}

TEST(BrokenCorpusTest, ALongChainIsANetwork) {
  NetBuilder net;
  std::string last = "image";
  for (int i = 0; i < 20'000; ++i) {
    const std::string next = absl::StrCat("v", i);
    net.Relu(last, next);
    last = next;
  }
  net.Output(last);
  const auto info = net.Open();
  EXPECT_EQ(info->layers().size(), 20'000u);
  const auto network = CompileNetwork(info, {last}, {});
  ASSERT_TRUE(network.ok()) << network.status();
  const at::Tensor image = at::ones({1, 3, 2, 2}).requires_grad_(true);
  (*network)->Forward(image).at(last).sum().backward();
  EXPECT_TRUE(at::equal(image.grad(), at::ones({1, 3, 2, 2})));
}

TEST(BrokenCorpusTest, TooManyOfAnythingIsRefusedByName) {
  NetBuilder nodes, inputs, wide;
  for (int i = 0; i <= onnx::kMaxNodes; ++i)
    nodes.Relu("image", absl::StrCat("v", i));
  EXPECT_THAT(ErrorOf(nodes), HasSubstr("more than 100000 nodes"));
  for (int i = 0; i <= onnx::kMaxInputs; ++i) {
    inputs.proto().mutable_graph()->add_input()->set_name(absl::StrCat("v", i));
  }
  inputs.Relu("image", "relu").Output("relu");
  EXPECT_THAT(ErrorOf(inputs), HasSubstr("inputs; at most 1024 are read"));
  wide.Node("Concat", std::vector<std::string>(5000, "image"), "all")
      .Int("axis", 1)
      .Output("all");
  EXPECT_THAT(ErrorOf(wide), HasSubstr("more than 4096 inputs"));
}

TEST(BrokenCorpusTest, LongListsAreAnErrorOrANetwork) {
  const NetBuilder::Ints million(1'000'000, 1);
  for (const char* op :
       {"Conv", "MaxPool", "Transpose", "ReduceMean", "Unsqueeze", "Pad",
        "Split", "Squeeze", "Resize", "Slice"}) {
    NetBuilder net(9);
    net.Weight("w", RandomTensor({4, 3, 1, 1}, 1))
        .Node(op, {"image", "w"}, "y");
    for (const char* list :
         {"kernel_shape", "pads", "perm", "axes", "split", "starts", "ends"}) {
      net.Values(list, million);
    }
    net.Output("y");
    TryNetwork(net.Bytes());
  }
}

TEST(BrokenCorpusTest, NestingIsBounded) {
  NetBuilder net;
  net.Relu("image", "relu").Output("relu");
  onnx::GraphProto* graph = net.proto().mutable_graph();
  for (int depth = 0; depth < 60; ++depth) {
    auto* attribute = graph->mutable_node()->rbegin()->add_attribute();
    attribute->set_name("then_branch");
    attribute->set_type(onnx::AttributeProto::GRAPH);
    graph = attribute->mutable_g();
    graph->add_node()->set_op_type("Relu");
  }
  EXPECT_THAT(ErrorOf(net), HasSubstr("its bytes do not parse"));
}

// A field of a message, as the wire has it.
std::string Field(int number, const std::string& content) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  for (size_t size = content.size();; size >>= 7) {
    const bool last = size < 128;
    out += static_cast<char>((size & 127) | (last ? 0 : 128));
    if (last) break;
  }
  return out + content;
}

std::string Repeat(const std::string& part, size_t bytes) {
  std::string out;
  while (out.size() < bytes) out += part;
  return out;
}

TEST(BrokenCorpusTest, SmallFilesOfManyPartsAreRefusedBeforeTheyFillTheMemory) {
  constexpr size_t kSize = 8 << 20;
  constexpr int kGraph = 7, kNode = 1, kAttribute = 5, kInput = 1,
                kInitializer = 5, kUnknown = 11;
  for (const std::string& content :
       {Field(kGraph, Repeat(Field(kNode, ""), kSize)),
        Field(kGraph, Repeat(Field(kInitializer, ""), kSize)),
        Field(kGraph, Field(kNode, Repeat(Field(kAttribute, ""), kSize))),
        Field(kGraph, Field(kNode, Repeat(Field(kInput, ""), kSize))),
        Repeat(Field(kGraph, Field(kNode, "")), kSize),
        Repeat(Field(kUnknown, ""), kSize)}) {
    const AllocationMeter meter;
    EXPECT_THAT(ErrorOf(content), HasSubstr("not an ONNX model"));
    EXPECT_LT(meter.peak(), onnx::kReadBytes);
  }
}

TEST(BrokenCorpusTest, AsManyPartsAsAreReadStayWithinTheStatedMemory) {
  const std::string attribute = Field(5, "");
  const std::string node = Field(
      1, Field(4, "Relu") + Repeat(attribute, 2 * (onnx::kMaxParts - 100)));
  const std::string opset_17 = Field(8, "\x10\x11");
  const std::string bytes = Field(7, node) + opset_17;
  const AllocationMeter meter;
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("has no output"));
  EXPECT_LT(meter.peak(),
            onnx::kReadFactor * static_cast<int64_t>(bytes.size()) +
                onnx::kReadBytes);
}

TEST(BrokenCorpusTest, NumbersOfOneByteStayWithinTheStatedMemory) {
  NetBuilder net;
  net.Relu("image", "relu").Output("relu");
  onnx::TensorProto* tensor = net.proto().mutable_graph()->add_initializer();
  tensor->set_name("ones");
  tensor->set_data_type(onnx::TensorProto::INT64);
  constexpr int kCount = 8 << 20;
  tensor->add_dims(kCount);
  tensor->mutable_int64_data()->Resize(kCount, 1);
  const std::string bytes = net.Bytes();
  net = NetBuilder();
  const AllocationMeter meter;
  EXPECT_EQ(ErrorOf(bytes), "opened");
  EXPECT_LT(meter.peak(),
            onnx::kReadFactor * static_cast<int64_t>(bytes.size()));
}

// 400 KB of constants whose sum would take 40 GB, a hundred times.
TEST(BrokenCorpusTest, BroadcastConstantsCannotFillTheMemory) {
  NetBuilder net;
  net.Weight("column", at::ones({100'000, 1}))
      .Weight("row", at::ones({1, 100'000}));
  net.Relu("image", "relu").Output("relu");
  for (int i = 0; i < 100; ++i) {
    net.Node(i % 2 == 0 ? "Add" : "MatMul", {"column", "row"},
             absl::StrCat("sum", i));
  }
  const AllocationMeter meter;
  EXPECT_EQ(ErrorOf(net), "opened");
  EXPECT_LT(meter.peak(), onnx::kReadBytes);
}

TEST(BrokenCorpusTest, FoldedConstantsTakeNoMoreThanStated) {
  NetBuilder net;
  net.Relu("image", "relu").Output("relu");
  net.Weight("shape", at::tensor({int64_t{4096}, int64_t{2048}}));
  for (int i = 0; i < 100; ++i)
    net.Node("ConstantOfShape", {"shape"}, absl::StrCat("ones", i));
  const AllocationMeter meter;
  EXPECT_EQ(ErrorOf(net), "opened");
  EXPECT_LT(meter.peak(), onnx::kFoldedBytes + (int64_t{512} << 20));
}

}  // namespace
}  // namespace phosphene
