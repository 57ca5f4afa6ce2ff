#include "server/jobs/fingerprint.h"

#include <gtest/gtest.h>

#include "tests/support/fake_engine.h"

namespace phosphene {
namespace {

TEST(FingerprintTest, EqualSpecsHaveEqualFingerprints) {
  EXPECT_EQ(SpecFingerprint(FakeSpec(10, 1)), SpecFingerprint(FakeSpec(10, 1)));
  v1::JobSpec copy;
  ASSERT_TRUE(copy.ParseFromString(FakeSpec(10, 1).SerializeAsString()));
  EXPECT_EQ(SpecFingerprint(copy), SpecFingerprint(FakeSpec(10, 1)));
}

TEST(FingerprintTest, EveryDifferenceCounts) {
  EXPECT_NE(SpecFingerprint(FakeSpec(10, 1)), SpecFingerprint(FakeSpec(10, 2)));
  EXPECT_NE(SpecFingerprint(FakeSpec(10, 1)), SpecFingerprint(FakeSpec(11, 1)));
  EXPECT_NE(SpecFingerprint(FakeSpec(10, 1)), SpecFingerprint(v1::JobSpec()));
}

TEST(FingerprintTest, TheBytesAreTheSpec) {
  v1::JobSpec back;
  ASSERT_TRUE(back.ParseFromString(DeterministicBytes(FakeSpec(10))));
  EXPECT_EQ(SpecFingerprint(back), SpecFingerprint(FakeSpec(10)));
}

}  // namespace
}  // namespace phosphene
