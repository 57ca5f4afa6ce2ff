#include "server/rpc/peer.h"

#include <gtest/gtest.h>

namespace phosphene {
namespace {

TEST(PeerTest, APeerIsItsAddressWithoutThePort) {
  EXPECT_EQ(PeerOf("ipv4:10.0.0.7:4711", ""), "ipv4:10.0.0.7");
  EXPECT_EQ(PeerOf("ipv4:10.0.0.7:4712", ""), PeerOf("ipv4:10.0.0.7:1", ""));
  EXPECT_EQ(PeerOf("ipv6:%5Bfe80::1%5D:4711", ""), "ipv6:%5Bfe80::1%5D");
  EXPECT_NE(PeerOf("ipv4:10.0.0.7:1", ""), PeerOf("ipv4:10.0.0.8:1", ""));
}

TEST(PeerTest, UnixSocketsAreOnePeer) {
  EXPECT_EQ(PeerOf("unix:", ""), PeerOf("unix:/run/a.sock", ""));
}

TEST(PeerTest, TenantsAreKeptApart) {
  EXPECT_EQ(PeerOf("ipv4:10.0.0.7:1", "lab"), "lab@ipv4:10.0.0.7");
  EXPECT_NE(PeerOf("ipv4:10.0.0.7:1", "lab"), PeerOf("ipv4:10.0.0.7:1", ""));
}

TEST(PeerTest, WhatIsNoAddressIsTakenAsItIs) {
  EXPECT_EQ(PeerOf("", ""), "");
  EXPECT_EQ(PeerOf("unknown", ""), "unknown");
}

}  // namespace
}  // namespace phosphene
