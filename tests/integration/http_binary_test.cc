// HTTP of the real phosphened, with libtorch in its process.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "tests/integration/binary_fixture.h"
#include "tests/support/http_client.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

// What a stack must still have free: libtorch's thread-local storage takes
// 65 KB of it when a thread first touches libtorch, and serializers recurse.
constexpr uint64_t kMinHeadroom = 512 << 10;

class HttpBinaryTest : public BinaryFixture {
 protected:
  HttpBinaryTest() { Start(); }

  int Scrapes(int count) {
    int good = 0;
    for (int i = 0; i < count; ++i)
      good += HttpGet(http_, "/metrics").status == 200 ? 1 : 0;
    return good;
  }
  // Bytes below the stack pointer of a thread to the end of the mapping it
  // points into; 0 while the thread runs, or when it has ended.
  uint64_t Headroom(const std::string& thread) const {
    std::ifstream call(Proc("/task/" + thread + "/syscall"));
    std::vector<std::string> words;
    for (std::string word; call >> word;) words.push_back(word);
    // NUMBER ARGUMENTS... STACK_POINTER PROGRAM_COUNTER, or "running".
    uint64_t pointer = 0;
    if (words.size() < 3 ||
        !absl::SimpleHexAtoi(words[words.size() - 2], &pointer)) {
      return 0;
    }
    std::ifstream maps(Proc("/maps"));
    for (std::string line; std::getline(maps, line);) {
      const std::vector<std::string> ends =
          absl::StrSplit(line.substr(0, line.find(' ')), '-');
      uint64_t from = 0, to = 0;
      if (absl::SimpleHexAtoi(ends[0], &from) &&
          absl::SimpleHexAtoi(ends[1], &to) && from <= pointer &&
          pointer < to) {
        return pointer - from;
      }
    }
    return 0;
  }
};

TEST_F(HttpBinaryTest, AThousandScrapesFreshAndWhileAJobRuns) {
  EXPECT_EQ(Scrapes(500), 500);
  const std::string job = Submit(TinySpec(1'000'000)).name();
  AwaitStep(job, 1);
  EXPECT_EQ(Scrapes(500), 500);
  EXPECT_EQ(Get(job).state(), v1::Job::RUNNING);
  EXPECT_THAT(HttpGet(http_, "/metrics").body,
              HasSubstr("phosphene_jobs{state=\"RUNNING\"} 1\n"));
  EXPECT_EQ(HttpGet(http_, "/readyz").status, 200);
}

TEST_F(HttpBinaryTest, NoThreadHasASmallFixedStack) {
  EXPECT_EQ(Scrapes(1), 1);
  AwaitEnd(Submit(TinySpec(2)).name());
  if (std::ifstream(Proc("/syscall")).peek() == EOF)
    GTEST_SKIP() << "this kernel does not tell where a thread's stack is";
  int looked_at = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Proc("/task"))) {
    const std::string thread = entry.path().filename();
    // The first thread's stack grows as it is used.
    if (thread == std::to_string(server_->pid())) continue;
    // A thread that runs is asked again: idle ones wait for something.
    uint64_t headroom = 0;
    while (headroom == 0 && std::filesystem::exists(entry.path()))
      headroom = Headroom(thread);
    if (headroom == 0) continue;
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    EXPECT_GE(headroom, kMinHeadroom) << "thread " << name;
    ++looked_at;
  }
  EXPECT_GE(looked_at, 8);
}

}  // namespace
}  // namespace phosphene
