#include "server/engine/optimize/device_session.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/optimize/tiny_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

// Specs that differ in what a step keeps: redirected ReLUs up to other steps,
// random sizes, several rows, octaves.
std::vector<v1::JobSpec> Company() {
  return {TinySpec("seed: 1 transforms { preset { name: STANDARD } }"),
          TinySpec("seed: 2 gradient_overrides { redirect_relu: REDIRECT_ON }"),
          TinySpec("seed: 3 gradient_overrides { redirect_steps: 2 }"),
          TinySpec("seed: 4 parameterization { rows: 3 }"),
          TinySpec("seed: 5 optimizer { octaves { count: 2 } }")};
}

std::string Alone(const v1::JobSpec& spec) {
  TinyEngine tiny;
  const auto result = tiny.Run(spec);
  EXPECT_OK(result);
  return result.ok() ? result->artifacts[0].bytes : "";
}

class DeviceSessionTest : public ::testing::Test {
 protected:
  DeviceSessionTest() { sink_.wants_frames = false; }

  std::unique_ptr<JobSession> Open(const v1::JobSpec& spec) {
    RunRequest request;
    request.spec = spec;
    request.device = "cpu:0";
    auto session = tiny_.engine().Open(request, sink_, {});
    EXPECT_OK(session);
    return *std::move(session);
  }
  static std::string BytesOf(JobSession& session) {
    const auto result = session.Finish(1);
    EXPECT_OK(result);
    return result.ok() ? result->artifacts[0].bytes : "";
  }

  TinyEngine tiny_;
  RecordingSink sink_;
};

TEST_F(DeviceSessionTest, StepsByTurnsMakeWhatEachMakesAlone) {
  const std::vector<v1::JobSpec> specs = Company();
  std::vector<std::unique_ptr<JobSession>> sessions;
  for (const v1::JobSpec& spec : specs) sessions.push_back(Open(spec));
  std::vector<bool> more(specs.size(), true);
  for (bool any = true; any;) {
    any = false;
    for (size_t i = 0; i < specs.size(); ++i) {
      if (!more[i]) continue;
      ASSERT_OK_AND_ASSIGN(const bool again, sessions[i]->Step(1));
      more[i] = again;
      any = any || again;
    }
  }
  for (size_t i = 0; i < specs.size(); ++i)
    EXPECT_EQ(BytesOf(*sessions[i]), Alone(specs[i])) << i;
}

TEST_F(DeviceSessionTest, StepsAtTheSameTimeMakeWhatEachMakesAlone) {
  const std::vector<v1::JobSpec> specs = Company();
  std::vector<std::string> bytes(specs.size());
  std::vector<std::thread> threads;
  std::vector<RecordingSink> sinks(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    sinks[i].wants_frames = false;
    threads.emplace_back([&, i] {
      const auto result = tiny_.Run(specs[i], sinks[i]);
      if (result.ok()) bytes[i] = result->artifacts[0].bytes;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < specs.size(); ++i)
    EXPECT_EQ(bytes[i], Alone(specs[i])) << i;
}

TEST_F(DeviceSessionTest, TheNumberOfThreadsMayChangeFromStepToStep) {
  for (const v1::JobSpec& spec : Company()) {
    const auto session = Open(spec);
    for (int threads = 1;; threads = threads % 3 + 1) {
      ASSERT_OK_AND_ASSIGN(const bool more, session->Step(threads));
      if (!more) break;
    }
    EXPECT_EQ(BytesOf(*session), Alone(spec)) << spec.ShortDebugString();
  }
}

TEST_F(DeviceSessionTest, AnotherThreadMayGoOn) {
  const v1::JobSpec spec = Company()[0];
  const auto session = Open(spec);
  for (bool more = true; more;) {
    std::thread([&] { more = *session->Step(2); }).join();
  }
  EXPECT_EQ(BytesOf(*session), Alone(spec));
}

TEST_F(DeviceSessionTest, MeasuresItsMemoryAndTheEngineRemembers) {
  const v1::JobSpec spec = TinySpec();
  JobMemory measured;
  {
    const auto session = Open(spec);
    ASSERT_OK(session->Step(1));
    measured = session->memory();
  }
  // Parameters, their gradient and Adam's two moments at least.
  EXPECT_GE(measured.held, 4 * 32 * 17 * 2 * 3 * 4);
  // 8 channels of conv1 and of relu1 at 32 x 32, and a gradient.
  EXPECT_GE(measured.step, 3 * 8 * 32 * 32 * 4);
  EXPECT_LT(measured.step, 64 << 20);
  EXPECT_EQ(tiny_.engine().MemoryOf(spec).held, measured.held);
  EXPECT_EQ(tiny_.engine().MemoryOf(spec).step, measured.step);
}

TEST_F(DeviceSessionTest, RestsWithoutGrowing) {
  v1::JobSpec spec = TinySpec();
  spec.set_steps(40);
  const auto session = Open(spec);
  for (int i = 0; i < 5; ++i) ASSERT_OK(session->Step(1));
  const int64_t early = session->memory().held;
  for (int i = 0; i < 30; ++i) ASSERT_OK(session->Step(1));
  // The allocator rounds a little differently from step to step.
  EXPECT_LT(session->memory().held, early + early / 10);
}

TEST_F(DeviceSessionTest, AnEstimateIsThereBeforeTheFirstStep) {
  const JobMemory small = tiny_.engine().MemoryOf(TinySpec());
  v1::JobSpec spec = TinySpec();
  spec.mutable_parameterization()->set_width(1024);
  const JobMemory large = tiny_.engine().MemoryOf(spec);
  EXPECT_GT(small.held, 0);
  EXPECT_GT(small.step, 0);
  EXPECT_GT(large.held, 100 * small.held);
  EXPECT_GT(large.step, 100 * small.step);
}

}  // namespace
}  // namespace phosphene
