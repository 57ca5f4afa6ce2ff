#include "server/engine/optimize/memory_book.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/optimize/tiny_engine.h"

namespace phosphene {
namespace {

TEST(MemoryBook, SeedsStepsAndWeightsAreOneKind) {
  v1::JobSpec spec = TinySpec("seed: 1"), other = TinySpec("seed: 2");
  other.set_steps(99);
  other.mutable_objectives(0)->set_weight(3);
  EXPECT_EQ(MemoryBook::KindOf(spec), MemoryBook::KindOf(other));
}

TEST(MemoryBook, OtherSizesAreOtherKinds) {
  v1::JobSpec spec = TinySpec(), larger = spec, twice = spec;
  larger.mutable_parameterization()->set_width(spec.parameterization().width() +
                                               8);
  twice.mutable_parameterization()->set_rows(2);
  EXPECT_NE(MemoryBook::KindOf(spec), MemoryBook::KindOf(larger));
  EXPECT_NE(MemoryBook::KindOf(spec), MemoryBook::KindOf(twice));
}

TEST(MemoryBook, TheMostThatWasSeenHolds) {
  MemoryBook book;
  EXPECT_FALSE(book.Find("a").has_value());
  book.Remember("a", {10, 200});
  book.Remember("a", {20, 100});
  EXPECT_EQ(book.Find("a")->held, 20);
  EXPECT_EQ(book.Find("a")->step, 200);
}

TEST(MemoryBook, ForgetsTheOldest) {
  MemoryBook book;
  for (size_t i = 0; i <= MemoryBook::kMaxKinds; ++i)
    book.Remember(absl::StrCat(i), {1, 1});
  EXPECT_FALSE(book.Find("0").has_value());
  EXPECT_TRUE(book.Find("1").has_value());
}

}  // namespace
}  // namespace phosphene
