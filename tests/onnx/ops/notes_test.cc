// Notes on what operators do that a reader of the file would not expect.

#include "server/engine/onnx/ops/notes.h"

#include <gtest/gtest.h>

#include "server/engine/onnx/file/loader.h"
#include "tests/onnx/net_builder.h"

namespace phosphene::onnx {
namespace {

std::vector<std::string> NotesOf(const NetBuilder& net) {
  const auto graph = LoadGraph(net.Bytes());
  EXPECT_TRUE(graph.ok()) << graph.status();
  return OperatorNotes(*graph);
}

NetBuilder Dropout(bool training) {
  NetBuilder net(17, {0, 2, 0, 0});
  net.Weight("ratio", at::full({}, 0.5f));
  net.Weight("training", at::full({}, training, at::kBool));
  net.Node("Dropout", {"image", "ratio", "training"}, "y").Output("y");
  return net;
}

TEST(NotesTest, PlainNetworksNeedNone) {
  EXPECT_TRUE(NotesOf(SmallGoogLeNet()).empty());
  EXPECT_TRUE(NotesOf(Dropout(false)).empty());
}

TEST(NotesTest, RoundingNoiseAndTrainingAreSaidOnceEach) {
  NetBuilder net(17, {0, 2, 0, 0});
  net.Weight("s", at::full({}, 0.5f));
  net.Node("QuantizeLinear", {"image", "s"}, "q");
  net.Node("QuantizeLinear", {"image", "s"}, "r");
  net.Node("RandomNormalLike", {"q"}, "noise").Output("noise");
  const std::vector<std::string> notes = NotesOf(net);
  ASSERT_EQ(notes.size(), 2u);
  EXPECT_NE(notes[0].find("QuantizeLinear node \"q\" and 1 more"),
            std::string::npos)
      << notes[0];
  EXPECT_NE(notes[1].find("RandomNormalLike node \"noise\""), std::string::npos)
      << notes[1];
  EXPECT_EQ(NotesOf(Dropout(true)).size(), 1u);
}

}  // namespace
}  // namespace phosphene::onnx
