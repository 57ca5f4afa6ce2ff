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
      " operators; those of `com.microsoft` are what ONNX\nRuntime's optimizer "
      "and exporters for it write. The second column is the last opset whose "
      "definition is\nfollowed. Written by `onnx_test` with "
      "PHOSPHENE_WRITE_DOCS=1.\n\n"
      "The third column is the backward pass: **checked** against finite "
      "differences in double precision by\n`onnx_test` (OpGradientTest, which "
      "fails when one is left out); **straight through** where values are\n"
      "rounded: that of not rounding, 0 where they are clipped; **none** where "
      "no gradient flows: whole\nnumbers, truth values, steps, and what is "
      "made from sizes and constants.\n\n"
      "Quantized values are carried as whole floating-point numbers of the "
      "range their type has. Operators that\ndraw random numbers make their "
      "mean, so that the same job gives the same picture. Dropout and\n"
      "BatchNormalization in training mode run as in inference, the latter by "
      "the statistics of each picture.\n\n"
      "Not built: control flow (Loop, Scan, and If but for the squeeze of an "
      "unknown size that PyTorch writes so),\nsequences, text, recurrent "
      "layers, types below 8 bits, losses, windows of signals, "
      "NonMaxSuppression.\n\n"
      "| operator | opset | gradient |\n|---|---|---|\n| Constant | 19 | none "
      "|\n");
  for (const OpKind& op : ops) {
    const char* gradient = !op.traits.CarriesGradient() ? "none"
                           : op.traits.straight_through ? "straight through"
                                                        : "checked";
    absl::StrAppend(&text, "| ", op.name, " | ", op.last_opset, " | ", gradient,
                    " |\n");
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
