#include "server/metrics/metered_engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include "tests/metrics/metrics_text.h"
#include "tests/support/fake_engine.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using testing::HasSubstr;

class IgnoringSink : public RunSink {
 public:
  void OnProgress(const v1::Progress&) override {}
  bool WantsFrame(bool) override { return false; }
  void OnFrame(int64_t, bool, Image8) override {}
  absl::Status OnCheckpoint(int64_t, std::string) override {
    return absl::OkStatus();
  }
};

TEST(MeteredEngine, CountsTheStepsOfARunAndPassesItsResultOn) {
  prometheus::Registry registry;
  JobMetrics metrics(registry);
  MeteredEngine engine(std::make_unique<FakeEngine>(), metrics);
  IgnoringSink sink;
  ASSERT_OK_AND_ASSIGN(const RunResult result,
                       engine.Run({.spec = FakeSpec(9)}, sink, {}));
  EXPECT_EQ(result.artifacts.at(0).bytes, FakeEngine::ResultOf(FakeSpec(9)));
  EXPECT_THAT(TextOf(registry), HasSubstr("phosphene_engine_steps_total 9\n"));
}

TEST(MeteredEngine, StepsDoneBeforeACheckpointAreNotCountedAgain) {
  prometheus::Registry registry;
  JobMetrics metrics(registry);
  auto fake = std::make_unique<FakeEngine>();
  std::stop_source stop;
  fake->OnStep(4, [&] { stop.request_stop(); });
  MeteredEngine engine(std::move(fake), metrics);
  IgnoringSink sink;
  const RunResult half =
      engine.Run({.spec = FakeSpec(9)}, sink, stop.get_token()).value();
  ASSERT_FALSE(half.finished);
  ASSERT_OK(engine.Run({.spec = FakeSpec(9), .checkpoint = half.checkpoint},
                       sink, {}));
  // 4, and of steps 5 to 9 those after the first report.
  EXPECT_THAT(TextOf(registry), HasSubstr("phosphene_engine_steps_total 8\n"));
}

}  // namespace
}  // namespace phosphene
