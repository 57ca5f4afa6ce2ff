// What operators say of themselves (ops/traits.h), held against what they do: a
// walk over the registry.

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/adapt/damage.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/info/survey.h"
#include "server/engine/onnx/ops/op.h"
#include "server/engine/onnx/program/passes.h"
#include "server/engine/onnx/program/program.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

constexpr int64_t kSide = kSurveySize;

at::Tensor Image(int64_t rows) {
  return RandomTensor({rows, 3, kSide, kSide}, 1, 0.05, 0.95);
}

at::Tensor Some(std::vector<int64_t> sizes) {
  return RandomTensor(std::move(sizes), 2, 0.5, 1.5);
}

// How a node of an operator is written: its inputs, undefined for the image.
struct Example {
  Tensors inputs = {at::Tensor()};
  std::map<std::string, int64_t> ints;
  std::map<std::string, std::vector<int64_t>> lists;
  // What stands for the image: itself, averaged to [N,3], or averaged to 3
  // tokens [N,3,width].
  enum { kImage, kFlat, kTokens } as = kImage;
};

// Attention, and what ONNX Runtime's optimizer writes.
void AddContributed(std::map<std::string, Example>* out) {
  const at::Tensor x, row = Some({kSide});
  out->insert({
      {"Attention", {{x, x, x}}},
      {"Crop", {{x}, {}, {{"border", {1, 2, 3, 4}}}}},
      {"RMSNormalization", {{x, row}}},
      {"RotaryEmbedding",
       {{x, Some({1, kSide, kSide / 2}), Some({1, kSide, kSide / 2})}}},
      {"SimplifiedLayerNormalization", {{x, row}}},
      {"com.microsoft::Attention",
       {{x, Some({kSide, 24})}, {{"num_heads", 2}}, {}, Example::kTokens}},
      {"com.microsoft::BiasGelu", {{x, row}}},
      {"com.microsoft::FusedConv", {{x, Some({4, 3, 3, 3}), Some({4})}}},
      {"com.microsoft::FusedGemm", {{x, Some({3, 5})}, {}, {}, Example::kFlat}},
      {"com.microsoft::MultiHeadAttention",
       {{x, x, x}, {{"num_heads", 2}}, {}, Example::kTokens}},
      {"com.microsoft::RotaryEmbedding",
       {{x, at::zeros({1}, at::kLong), Some({kSide, kSide / 2}),
         Some({kSide, kSide / 2})}}},
      {"com.microsoft::SkipLayerNormalization", {{x, x, row, row}}},
      {"com.microsoft::SkipSimplifiedLayerNormalization", {{x, x, row}}},
  });
}

void AddQuantized(std::map<std::string, Example>* out) {
  const at::Tensor x, step = Some({}), zero = at::full({}, 3, at::kByte);
  const at::Tensor filters = at::full({4, 3, 3, 3}, 5, at::kByte);
  const at::Tensor few = at::full({}, 0.01f);
  for (const char* domain : {"", "com.microsoft::"}) {
    (*out)[absl::StrCat(domain, "QuantizeLinear")] = {{x, few, zero}};
    (*out)[absl::StrCat(domain, "DequantizeLinear")] = {{x, step, zero}};
  }
  (*out)["ConvInteger"] = {{x, filters}};
  (*out)["QLinearConv"] = {{x, step, zero, filters, step, zero, few, zero}};
}

// Operators not here take the image alone.
std::map<std::string, Example> Examples() {
  const at::Tensor x, per_channel = Some({3, 1, 1}), c = Some({3});
  const at::Tensor truth = at::ones({3}, at::kBool),
                   byte = at::ones({3}, at::kByte);
  std::map<std::string, Example> out = {
      {"ArgMax", {{x}}},
      {"BatchNormalization", {{x, c, c, c, c}}},
      {"BitwiseNot", {{byte}}},
      {"Concat", {{x, x}, {{"axis", 1}}}},
      {"Conv", {{x, Some({4, 3, 3, 3}), Some({4})}}},
      {"ConvTranspose", {{x, Some({3, 4, 3, 3})}}},
      {"Gemm", {{x, Some({3, 5})}, {}, {}, Example::kFlat}},
      {"GroupNormalization", {{x, c, c}, {{"num_groups", 3}}}},
      {"InstanceNormalization", {{x, c, c}}},
      {"LRN", {{x}, {{"size", 3}}}},
      {"LayerNormalization", {{x, Some({kSide})}}},
      {"Not", {{truth}}},
      {"PRelu", {{x, per_channel}}},
      {"Pad", {{x, at::tensor(std::vector<int64_t>{0, 0, 1, 2, 0, 0, 3, 4})}}},
      {"ReduceMean", {{x}, {}, {{"axes", {2, 3}}}}},
  };
  AddContributed(&out);
  AddQuantized(&out);
  for (const char* op : {"MaxPool", "AveragePool", "LpPool"})
    out[op] = {{x}, {}, {{"kernel_shape", {3, 3}}, {"strides", {2, 2}}}};
  for (const char* op :
       {"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Equal", "Less",
        "LessOrEqual", "Greater", "GreaterOrEqual"}) {
    out[op] = {{x, per_channel}};
  }
  for (const char* op : {"And", "Or", "Xor"}) out[op] = {{truth, truth}};
  for (const char* op : {"BitShift", "BitwiseAnd", "BitwiseOr", "BitwiseXor"})
    out[op] = {{byte, byte}};
  return out;
}

// A graph of one node of the operator, "image" to "y".
Graph GraphOf(const std::string& op) {
  static const auto* const kExamples =
      new std::map<std::string, Example>(Examples());
  const auto found = kExamples->find(op);
  const Example example = found == kExamples->end() ? Example() : found->second;
  Graph graph;
  graph.opset = 17;
  GraphInput image;
  image.name = "image";
  image.has_shape = true;
  image.dims = {0, 3, kSide, kSide};
  graph.inputs.push_back(image);
  if (example.as == Example::kFlat) {
    graph.nodes.push_back({"mean", "GlobalAveragePool", {"image"}, {"mean"}});
    graph.nodes.push_back({"flat", "Flatten", {"mean"}, {"of"}});
  } else if (example.as == Example::kTokens) {
    Node mean{"mean", "ReduceMean", {"image"}, {"of"}};
    mean.attributes["keepdims"].type = Attribute::kInt;
    mean.attributes["axes"].type = Attribute::kInts;
    mean.attributes["axes"].ints = {2};
    graph.nodes.push_back(mean);
  }
  Node node{"y", op, {}, {"y"}};
  for (size_t i = 0; i < example.inputs.size(); ++i) {
    if (!example.inputs[i].defined()) {
      node.inputs.push_back(example.as == Example::kImage ? "image" : "of");
      continue;
    }
    node.inputs.push_back(absl::StrCat("constant", i));
    graph.constants[node.inputs.back()] = example.inputs[i];
  }
  for (const auto& [name, value] : example.ints) {
    node.attributes[name].type = Attribute::kInt;
    node.attributes[name].i = value;
  }
  for (const auto& [name, values] : example.lists) {
    node.attributes[name].type = Attribute::kInts;
    node.attributes[name].ints = values;
  }
  if (op == "BitShift") {
    node.attributes["direction"].type = Attribute::kString;
    node.attributes["direction"].s = "LEFT";
  }
  graph.nodes.push_back(node);
  graph.outputs = {"y"};
  return graph;
}

// "y" of an image.
at::Tensor Apply(const std::string& op, const at::Tensor& image) {
  WeightCache cache;
  OpOptions options;
  const auto program =
      Program::Compile(GraphOf(op), {"image"}, {"y"}, options, &cache);
  TORCH_CHECK(program.ok(), op,
              " needs an example: ", program.status().ToString());
  return (*program)->Run({image})[0];
}

std::vector<OpKind> OpsWhere(bool (*is)(const OpTraits& traits)) {
  std::vector<OpKind> out;
  for (const OpKind& op : AllOps()) {
    if (is(op.traits)) out.push_back(op);
  }
  EXPECT_FALSE(out.empty());
  return out;
}

TEST(OpTraitsTest, TheSurveyKnowsTheShapeThatARunMakes) {
  for (const OpKind& op : OpsWhere(
           [](const OpTraits& t) { return t.shape != OpTraits::kUnknown; })) {
    SCOPED_TRACE(op.name);
    const ValueFacts facts = Survey(GraphOf(op.name), "image", 3).at("y");
    const at::Tensor y = Apply(op.name, Image(1));
    EXPECT_EQ(facts.rank, y.dim());
    if (op.traits.shape == OpTraits::kFlat) continue;
    EXPECT_EQ(facts.channels, y.size(1));
    if (y.dim() != 4) continue;
    EXPECT_EQ(facts.height, y.size(2));
    EXPECT_EQ(facts.width, y.size(3));
    if (op.traits.shape == OpTraits::kSame) {
      EXPECT_EQ(y.sizes(), Image(1).sizes());
    }
  }
}

TEST(OpTraitsTest, RowsOfAnyBatchAreTreatedApart) {
  const at::Tensor rows = Image(3);
  for (const OpKind& op :
       OpsWhere([](const OpTraits& t) { return t.any_batch; })) {
    SCOPED_TRACE(op.name);
    const at::Tensor together = Apply(op.name, rows);
    ASSERT_EQ(together.size(0), 3);
    for (int64_t row = 0; row < 3; ++row) {
      EXPECT_TRUE(at::allclose(together.narrow(0, row, 1),
                               Apply(op.name, rows.narrow(0, row, 1))));
    }
  }
}

TEST(OpTraitsTest, OnlyThoseThatSayMakeIntegersOfAnImage) {
  for (const OpKind& op : AllOps()) {
    SCOPED_TRACE(op.name);
    if (op.traits.makes == OpTraits::kIntegers) {
      EXPECT_FALSE(at::isFloatingType(Apply(op.name, Image(1)).scalar_type()));
      EXPECT_FALSE(op.traits.CarriesGradient());
    } else if (op.traits.shape != OpTraits::kUnknown || op.traits.any_batch) {
      EXPECT_TRUE(at::isFloatingType(Apply(op.name, Image(1)).scalar_type()));
    }
  }
}

TEST(OpTraitsTest, InfinityIsDamageInWeightsAlone) {
  for (const OpKind& op : AllOps()) {
    NetBuilder net;
    net.Weight("w", at::full({1}, INFINITY));
    net.Node(op.name, {"image", "w"}, "y").Output("y");
    const auto graph = LoadGraph(net.Bytes());
    ASSERT_TRUE(graph.ok()) << graph.status();
    EXPECT_NE(Damage(*graph).CheckUsed(*graph).ok(), op.traits.takes_weights)
        << op.name;
  }
}

TEST(OpTraitsTest, HeavyOnesAreNotFolded) {
  for (const OpKind& op : AllOps()) {
    const bool known = op.traits.shape != OpTraits::kUnknown;
    if (!op.traits.heavy && !known) continue;
    Graph graph = GraphOf(op.name);
    graph.inputs.clear();
    graph.constants["image"] = Image(1);
    FoldConstants(&graph);
    EXPECT_EQ(graph.constants.count("y") == 0,
              op.traits.heavy || graph.nodes.size() > 1)
        << op.name;
  }
}

TEST(OpTraitsTest, ThoseThatDoNothingAreTakenOut) {
  for (const OpKind& op : AllOps()) {
    Graph graph = GraphOf(op.name);
    const size_t nodes = graph.nodes.size();
    const auto same = RemoveNoOps({}, &graph);
    EXPECT_EQ(same.count("y") > 0, op.traits.no_op) << op.name;
    EXPECT_EQ(graph.nodes.size(), nodes - (op.traits.no_op ? 1 : 0));
    if (!op.traits.no_op) continue;
    EXPECT_EQ(same.at("y"), "image");
    EXPECT_TRUE(at::equal(Apply(op.name, Image(1)), Image(1))) << op.name;
  }
}

TEST(OpTraitsTest, ProbabilitiesSumToOne) {
  for (const OpKind& op :
       OpsWhere([](const OpTraits& t) { return t.probabilities; })) {
    const at::Tensor y = Apply(op.name, Image(1));
    const at::Tensor p = y.min().item<float>() < 0 ? y.exp() : y;
    EXPECT_TRUE(at::allclose(p.sum(-1), at::ones({1, 3, kSide}), 1e-4))
        << op.name;
  }
}

TEST(OpTraitsTest, TraitsAgree) {
  for (const OpKind& op : AllOps()) {
    const OpTraits& t = op.traits;
    SCOPED_TRACE(op.name);
    EXPECT_TRUE(!t.activation || t.shape == OpTraits::kSame);
    EXPECT_TRUE(!t.rectifier || t.activation);
    EXPECT_TRUE(!t.max_pool || t.shape == OpTraits::kWindow);
    EXPECT_TRUE(!t.takes_weights || t.CarriesGradient());
    EXPECT_EQ(&TraitsOf(op.name), &op.traits);
  }
  EXPECT_EQ(TraitsOf("Frobnicate").shape, OpTraits::kUnknown);
}

// What passes make has traits too, but stands in no file.
TEST(OpTraitsTest, OperatorsOfOurOwnAreNotForFiles) {
  EXPECT_TRUE(TraitsOf(kGroupedConv).any_batch);
  EXPECT_NE(FindOpOrOwn(kGroupedConv), nullptr);
  EXPECT_EQ(FindOp(kGroupedConv), nullptr);
  EXPECT_EQ(CheckOpsKnown(GraphOf(kGroupedConv)).code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace phosphene::onnx
