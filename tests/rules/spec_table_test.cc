#include "tests/rules/spec_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace phosphene {
namespace {

TEST(SpecTableTest, ThePageInDocsIsUpToDate) {
  std::ifstream file("docs/spec.md");
  const std::string page((std::istreambuf_iterator<char>(file)),
                         std::istreambuf_iterator<char>());
  EXPECT_EQ(page, SpecTable())
      << "refresh it: build/release/bin/spec_table > docs/spec.md";
}

TEST(SpecTableTest, ARowTellsTypeRangeDefaultUnitAndMeaning) {
  const std::string table = SpecTable();
  EXPECT_THAT(table, testing::HasSubstr(
                         "| `steps` | int32 | 1..1000000, or 0 for the default "
                         "| 512 | steps | "));
  EXPECT_THAT(table, testing::HasSubstr("| `fourier` (kind) | "
                                        "[FourierParameterization]"
                                        "(#fourierparameterization) | "));
}

}  // namespace
}  // namespace phosphene
