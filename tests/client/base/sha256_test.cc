#include "client/base/sha256.h"

#include <gtest/gtest.h>

namespace phosphene::client {
namespace {

// Vectors of FIPS 180-2.
TEST(Sha256, KnownVectors) {
  EXPECT_EQ(Sha256().Hex(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 sha;
  sha.Add("a");
  sha.Add("bc");
  EXPECT_EQ(sha.Hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace phosphene::client
