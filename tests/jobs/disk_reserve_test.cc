#include "server/jobs/disk_reserve.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

int64_t FreeBytes(const std::string& path) {
  return static_cast<int64_t>(std::filesystem::space(path).available);
}

TEST(DiskReserveTest, RoomIsTakenAndGivenBackOnce) {
  const TinyDisk disk(1 << 20);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tmpfs";
  const int64_t before = FreeBytes(disk.path());
  DiskReserve reserve(disk.path() + "/reserve", 256 << 10);
  EXPECT_FALSE(reserve.Release());
  reserve.Hold();
  reserve.Hold();
  EXPECT_EQ(FreeBytes(disk.path()), before - (256 << 10));
  EXPECT_TRUE(reserve.Release());
  EXPECT_FALSE(reserve.Release());
  EXPECT_EQ(FreeBytes(disk.path()), before);
}

TEST(DiskReserveTest, WhatALastServerHeldIsHeld) {
  const TempDir dir;
  DiskReserve(dir.path() + "/reserve", 4096).Hold();
  EXPECT_TRUE(DiskReserve(dir.path() + "/reserve", 4096).Release());
}

TEST(DiskReserveTest, WithoutRoomForAllOfItNothingIsTaken) {
  const TinyDisk disk(512 << 10);
  if (!disk.mounted()) GTEST_SKIP() << "only root may mount a tmpfs";
  const int64_t before = FreeBytes(disk.path());
  DiskReserve reserve(disk.path() + "/reserve", 1 << 20);
  reserve.Hold();
  EXPECT_FALSE(reserve.Release());
  EXPECT_EQ(FreeBytes(disk.path()), before);
}

}  // namespace
}  // namespace phosphene
