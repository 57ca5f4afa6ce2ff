#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/integration/real_server.h"

namespace phosphene {

// Fixture: jobs that are paused and resumed by another server against jobs that
// nothing interrupts.
class ResumedJobs : public testing::Test {
 protected:
  void SetUp() override { server_.Start(); }
  void ExpectSameBytes(const v1::JobSpec& spec) {
    const std::string whole = server_.Uninterrupted(spec);
    ASSERT_FALSE(whole.empty());
    EXPECT_TRUE(server_.PausedAndResumed(spec) == whole);
  }

  RealServer server_;
};

}  // namespace phosphene
