#include "server/base/memory_limit.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "server/base/posix_file.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_dir.h"

namespace phosphene {
namespace {

constexpr int64_t kMachine = int64_t{64} << 30;

class MemoryLimitTest : public testing::Test {
 protected:
  // Writes MOUNT/FOLDER/FILE.
  void Set(const std::string& folder, const std::string& file,
           const std::string& text) {
    ASSERT_OK(MakeDirectories(dir_.path() + folder));
    std::ofstream(dir_.path() + folder + "/" + file) << text;
  }
  int64_t Limit(const std::string& cgroups) {
    return MemoryLimitIn(cgroups, dir_.path(), kMachine);
  }

  TempDir dir_;
};

TEST_F(MemoryLimitTest, WithoutALimitItIsTheMachines) {
  EXPECT_EQ(Limit(""), kMachine);
  EXPECT_EQ(Limit("0::/\n"), kMachine);
  Set("/a", "memory.max", "max\n");
  EXPECT_EQ(Limit("0::/a\n"), kMachine);
  Set("/memory", "memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(Limit("4:memory:/\n"), kMachine);
}

TEST_F(MemoryLimitTest, TheLeastOfAGroupAndThoseAboveHolds) {
  Set("/a/b", "memory.max", "4000000\n");
  EXPECT_EQ(Limit("0::/a/b\n"), 4'000'000);
  Set("/a", "memory.max", "3000000\n");
  EXPECT_EQ(Limit("0::/a/b\n"), 3'000'000);
  Set("/a/b", "memory.max", "2000000\n");
  EXPECT_EQ(Limit("0::/a/b\n"), 2'000'000);
}

TEST_F(MemoryLimitTest, InAContainerTheRootOfTheMountIsItsGroup) {
  Set("", "memory.max", "5000000\n");
  EXPECT_EQ(Limit("0::/\n"), 5'000'000);
  EXPECT_EQ(Limit("0::/pods/of/the/host\n"), 5'000'000);
}

TEST_F(MemoryLimitTest, VersionOneIsReadWhereMemoryIsAmongTheControllers) {
  Set("/memory/job", "memory.limit_in_bytes", "6000000\n");
  EXPECT_EQ(Limit("9:cpu,memory:/job\n1:name=systemd:/other\n0::/\n"),
            6'000'000);
  EXPECT_EQ(Limit("9:cpu:/job\n"), kMachine);
}

TEST_F(MemoryLimitTest, ThisProcessMayUseSomeMemory) {
  EXPECT_GT(MemoryLimit(), 1 << 20);
}

}  // namespace
}  // namespace phosphene
