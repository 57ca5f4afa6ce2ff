// docs/onnx_operators.md is the registry, written out.

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "server/engine/onnx/file/loader.h"
#include "server/engine/onnx/ops/op.h"

namespace phosphene::onnx {
namespace {

constexpr char kFile[] = "docs/onnx_operators.md";

std::string Table() {
  std::vector<OpKind> ops = AllOps();
  std::sort(ops.begin(), ops.end(), [](const OpKind& a, const OpKind& b) {
    return std::string(a.name) < b.name;
  });
  std::string text = absl::StrCat(
      "# ONNX operators\n\nNetworks of opset ", kMinOpset, " to ", kMaxOpset,
      " may use these ", ops.size() + 1,
      " operators. The second column is the last opset\nwhose definition "
      "is followed. A network that uses any other is refused, with the "
      "operators and a node of "
      "each\nnamed. Written by `onnx_test` with PHOSPHENE_WRITE_DOCS=1.\n\nThe "
      "third column is the "
      "backward pass: **checked** against finite differences in double "
      "precision by\n`onnx_test` "
      "(OpGradientTest, which fails when one is left out); **none** where no "
      "gradient flows: whole\n"
      "numbers, truth values, steps, and what is made from sizes and "
      "constants.\n\n"
      "Not built: control flow "
      "(Loop, Scan, and If but for the squeeze of an\nunknown size that "
      "PyTorch writes so), sequences, text, recurrent layers, quantized "
      "operators, losses, random\n"
      "numbers, signal processing, detection (NonMaxSuppression, RoiAlign), "
      "training modes.\n\n"
      "| operator | opset | gradient |\n|---|---|---|\n| Constant | 19 | none "
      "|\n");
  for (const OpKind& op : ops) {
    absl::StrAppend(&text, "| ", op.name, " | ", op.last_opset, " | ",
                    op.traits.CarriesGradient() ? "checked" : "none", " |\n");
  }
  return text;
}

TEST(OpTableTest, TheDocumentListsTheRegistry) {
  if (std::getenv("PHOSPHENE_WRITE_DOCS") != nullptr)
    std::ofstream(kFile) << Table();
  std::ifstream in(kFile);
  const std::string written((std::istreambuf_iterator<char>(in)), {});
  EXPECT_EQ(written, Table())
      << "run this test with PHOSPHENE_WRITE_DOCS=1 to write it anew";
}

TEST(OpTableTest, NamesAreUniqueAndFound) {
  for (const OpKind& op : AllOps()) {
    EXPECT_EQ(FindOp(op.name), &op);
    EXPECT_LE(op.last_opset, kMaxOpset);
  }
  EXPECT_EQ(FindOp("conv"), nullptr);
}

}  // namespace
}  // namespace phosphene::onnx
