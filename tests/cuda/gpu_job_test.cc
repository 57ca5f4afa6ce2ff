// Whole steps and jobs on the GPU: against the CPU, and replayed graphs against
// eager steps.

#include <gmock/gmock.h>

#include "server/engine/cuda/stream_scope.h"
#include "tests/cuda/engines.h"
#include "tests/cuda/gpu.h"
#include "tests/step/stepped.h"
#include "tests/support/status_matchers.h"

namespace phosphene {
namespace {

using ::testing::HasSubstr;

const at::Device& Gpu() {
  static const at::Device device("cuda:0");
  return device;
}

double Distance(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor x = a.detach().to(at::kCPU, at::kDouble),
                   y = b.detach().to(at::kCPU, at::kDouble);
  return (x - y).norm().item<double>() / (y.norm().item<double>() + 1e-12);
}

// Activations and the image's gradient of one eager step.
void ExpectStepAsOnCpu(const std::string& more, double tolerance) {
  ConfigureCuda();
  const CudaStreamScope scope(CudaStreamLease(0));
  const v1::JobSpec spec = LongSpec(more);
  Stepped cpu(spec), gpu(spec, nullptr, Gpu());
  ASSERT_OK(cpu.Step(0));
  ASSERT_OK(gpu.Step(0));
  EXPECT_NEAR(gpu.stepper().RowValues()[0], cpu.stepper().RowValues()[0],
              tolerance * std::abs(cpu.stepper().RowValues()[0]));
  const auto a = gpu.parts().param->Tensors(), b = cpu.parts().param->Tensors();
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_LT(Distance(a[i].value.grad(), b[i].value.grad()), tolerance)
        << a[i].name;
  }
}

TEST(GpuJobTest, AStepInFp32IsTheCpusUpToTf32) {
  NEEDS_GPU();
  ExpectStepAsOnCpu("precision: FP32", 1e-2);
  ExpectStepAsOnCpu("precision: FP32 transforms { preset { name: STANDARD } }",
                    1e-2);
  ExpectStepAsOnCpu("precision: FP32 parameterization { laplacian {} rows: 2 }",
                    1e-2);
}

TEST(GpuJobTest, AStepInBf16IsCloseToTheCpus) {
  NEEDS_GPU();
  ExpectStepAsOnCpu("precision: BF16", 5e-2);
}

class GraphTest : public ::testing::TestWithParam<const char*> {};

TEST_P(GraphTest, ReplayedStepsEqualEagerOnes) {
  NEEDS_GPU();
  ConfigureCuda();
  const CudaStreamScope scope(CudaStreamLease(0));
  const v1::JobSpec spec = LongSpec(GetParam());
  Stepped eager(spec, nullptr, Gpu()), graph(spec, MakeGraphRecorder(), Gpu());
  int replayed = 0;
  for (int64_t step = 0; step < spec.steps(); ++step) {
    ASSERT_OK(eager.Step(step));
    ASSERT_OK(graph.Step(step));
    replayed += graph.stepper().ZeroRows() != nullptr ? 1 : 0;
    ASSERT_NEAR(graph.stepper().RowValues()[0], eager.stepper().RowValues()[0],
                1e-3 * std::abs(eager.stepper().RowValues()[0]) + 1e-4)
        << "step " << step;
  }
  EXPECT_GT(replayed, 10) << "steps ran eagerly; the log says why";
  const auto a = graph.parts().param->Tensors(),
             b = eager.parts().param->Tensors();
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_LT(Distance(a[i].value, b[i].value), 1e-2);
}

INSTANTIATE_TEST_SUITE_P(
    Specs, GraphTest,
    ::testing::Values(
        "precision: FP32", "precision: BF16",
        "precision: FP32 transforms { preset { name: STANDARD } }",
        "precision: BF16 transforms { preset { name: STANDARD } } "
        "parameterization { rows: 4 pixel {} }",
        "precision: FP32 transforms { per_row: true flip {} } "
        "transforms { blur {} } transforms { resize { height: 40 width: 40 } } "
        "parameterization { rows: 3 pixel {} }",
        "precision: FP32 transforms { noise {} } optimizer { adamw {} }"));

TEST(GpuJobTest, AWholeJobReachesTheCpusValue) {
  NEEDS_GPU();
  Engines engines;
  const v1::JobSpec spec =
      LongSpec("precision: FP32 transforms { preset { name: STANDARD } }");
  RecordingSink on_cpu, on_gpu;
  ASSERT_OK_AND_ASSIGN(const RunResult cpu, engines.Run(spec, "cpu:0", on_cpu));
  ASSERT_OK_AND_ASSIGN(const RunResult gpu,
                       engines.Run(spec, "cuda:0", on_gpu));
  EXPECT_TRUE(gpu.finished);
  EXPECT_NEAR(gpu.objective_value, cpu.objective_value,
              0.1 * std::abs(cpu.objective_value));
}

TEST(GpuJobTest, AnInterruptedJobResumesBitwise) {
  NEEDS_GPU();
  Engines engines;
  v1::JobSpec spec =
      LongSpec("precision: FP32 transforms { preset { name: STANDARD } }");
  spec.mutable_frames()->set_every(1);
  RecordingSink whole_sink, first_sink, rest_sink;
  ASSERT_OK_AND_ASSIGN(const RunResult whole,
                       engines.Run(spec, "cuda:0", whole_sink));
  first_sink.stop_after = 41;
  ASSERT_OK_AND_ASSIGN(const RunResult first,
                       engines.Run(spec, "cuda:0", first_sink));
  ASSERT_FALSE(first.finished);
  ASSERT_OK_AND_ASSIGN(
      const RunResult rest,
      engines.Run(spec, "cuda:0", rest_sink, first.checkpoint));
  EXPECT_EQ(rest.artifacts[0].bytes, whole.artifacts[0].bytes);
}

// These two hold without a GPU as well.
TEST(GpuJobTest, ADeviceThatDoesNotExistIsNamedWithThoseThatDo) {
  Engines engines;
  RecordingSink sink;
  EXPECT_THAT(engines.Run(LongSpec(""), "cuda:99", sink),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "no device \"cuda:99\"; there are cpu:0"));
}

TEST(GpuJobTest, TheCpuIsServedByTheSameBuild) {
  Engines engines;
  RecordingSink sink;
  ASSERT_OK_AND_ASSIGN(const RunResult result,
                       engines.Run(LongSpec(""), "cpu:0", sink));
  EXPECT_TRUE(result.finished);
}

}  // namespace
}  // namespace phosphene
