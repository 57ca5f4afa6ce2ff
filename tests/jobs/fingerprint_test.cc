#include "server/jobs/fingerprint.h"

#include <gtest/gtest.h>

#include "tests/support/fake_engine.h"

namespace phosphene {
namespace {

TEST(FingerprintTest, EqualSpecsHaveEqualFingerprints) {
  EXPECT_EQ(Fingerprint(FakeSpec(10, 1)), Fingerprint(FakeSpec(10, 1)));
  v1::JobSpec copy;
  ASSERT_TRUE(copy.ParseFromString(FakeSpec(10, 1).SerializeAsString()));
  EXPECT_EQ(Fingerprint(copy), Fingerprint(FakeSpec(10, 1)));
}

TEST(FingerprintTest, EveryDifferenceCounts) {
  EXPECT_NE(Fingerprint(FakeSpec(10, 1)), Fingerprint(FakeSpec(10, 2)));
  EXPECT_NE(Fingerprint(FakeSpec(10, 1)), Fingerprint(FakeSpec(11, 1)));
  EXPECT_NE(Fingerprint(FakeSpec(10, 1)), Fingerprint(v1::JobSpec()));
}

TEST(FingerprintTest, TheBytesAreTheSpec) {
  v1::JobSpec back;
  ASSERT_TRUE(back.ParseFromString(DeterministicBytes(FakeSpec(10))));
  EXPECT_EQ(Fingerprint(back), Fingerprint(FakeSpec(10)));
}

}  // namespace
}  // namespace phosphene
