#include "server/base/range_fault.h"

#include <gtest/gtest.h>

#include <cmath>

namespace phosphene {
namespace {

TEST(NumberTextTest, ReadsAsOneWouldTypeItAndReadsBackTheSame) {
  EXPECT_EQ(NumberText(1'000'000), "1000000");
  EXPECT_EQ(NumberText(-3), "-3");
  EXPECT_EQ(NumberText(0.05), "0.05");
  EXPECT_EQ(NumberText(1e-6), "1e-06");
  EXPECT_EQ(NumberText(0.99999999), "0.99999999");
  EXPECT_EQ(NumberText(std::nan("")), "nan");
  EXPECT_EQ(NumberText(INFINITY), "inf");
}

TEST(RangeFaultTest, NamesFieldValueAndWhatIsAllowed) {
  Faults faults;
  EXPECT_TRUE(RequireRange(3, 0, 3, "row", faults));
  EXPECT_FALSE(RequireRange(4, 0, 3, "row", faults));
  EXPECT_FALSE(RequireRange(std::nan(""), 0, 3, "x", faults));
  EXPECT_FALSE(RequireKnown(false, 7, "A, B", "kind", faults));
  EXPECT_EQ(faults.ToStatus().message(),
            "row: 4 is out of range; allowed: 0..3; "
            "x: nan is out of range; allowed: 0..3; "
            "kind: 7 is not a known value; allowed: A, B");
}

}  // namespace
}  // namespace phosphene
