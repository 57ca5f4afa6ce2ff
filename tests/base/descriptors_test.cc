#include "server/base/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "server/base/posix_file.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

TEST(Descriptors, WhatIsOpenedIsCounted) {
  const int before = OpenDescriptors();
  ASSERT_OK_AND_ASSIGN(const FileDescriptor file,
                       OpenFile("/dev/null", O_RDONLY));
  EXPECT_EQ(OpenDescriptors(), before + 1);
}

TEST(Descriptors, TheLimitIsRaisedAsFarAsTheUserMay) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit lowered = {64, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(DescriptorLimit(), 64);
  EXPECT_GT(RaiseDescriptorLimit(), 64);
  EXPECT_EQ(DescriptorLimit(), RaiseDescriptorLimit());
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace phosphene
