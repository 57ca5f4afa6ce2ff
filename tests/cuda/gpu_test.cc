// The GPU's kernels and graphs against the CPU.

#include <memory>
#include <thread>
#include <vector>

#include "server/engine/cuda/step_graph.h"
#include "server/engine/cuda/stream_scope.h"
#include "server/engine/optimizers/interface.h"
#include "server/engine/transforms/interface.h"
#include "tests/cuda/gpu.h"
#include "tests/transforms/pictures.h"

namespace phosphene {
namespace {

const at::Device& Gpu() {
  static const at::Device device("cuda:0");
  return device;
}

struct Moved {
  at::Tensor image, gradient;
};

Moved MoveBy(TransformChain& chain, const at::Tensor& image, int64_t step) {
  const at::Tensor in = image.detach().clone().requires_grad_(true);
  const at::Tensor out = chain.Apply(in, 5, step);
  const at::Tensor y =
      (NoisePicture(out.size(0), out.size(1), out.size(2), out.size(3), 9) -
       0.5)
          .to(in.device());
  (out * y).sum().backward();
  return {out.detach().cpu(), in.grad().cpu()};
}

void ExpectSameOnGpu(const TransformList& list, int64_t rows,
                     int64_t channels) {
  const at::Tensor image = NoisePicture(rows, channels, 96, 83);
  const auto chain = MakeChain(list, 96, 83);
  for (int64_t step = 0; step < 8; ++step) {
    const Moved cpu = MoveBy(*chain, image, step),
                gpu = MoveBy(*chain, image.to(Gpu()), step);
    ASSERT_TRUE(at::allclose(gpu.image, cpu.image, 1e-6, 1e-6))
        << "step " << step;
    ASSERT_TRUE(at::allclose(gpu.gradient, cpu.gradient, 1e-5, 1e-6))
        << "step " << step;
  }
}

v1::Transform Rotation(v1::RotateTransform::Sampling sampling) {
  v1::Transform out;
  out.set_per_row(true);
  for (const double angle : {-33.0, 4.0, 170.0})
    out.mutable_rotate()->add_angles(angle);
  out.mutable_rotate()->set_sampling(sampling);
  return out;
}

TEST(GpuTest, WarpsMoveImagesAndGradientsAsTheCpuDoes) {
  NEEDS_GPU();
  ExpectSameOnGpu(ListOf({PresetOf(v1::PresetTransform::STANDARD)}), 2, 3);
  ExpectSameOnGpu(ListOf({PresetOf(v1::PresetTransform::STANDARD)}), 1, 4);
  ExpectSameOnGpu(ListOf({Rotation(v1::RotateTransform::NEAREST)}), 3, 3);
  ExpectSameOnGpu(ListOf({Rotation(v1::RotateTransform::BILINEAR)}), 3, 1);
}

TEST(GpuTest, WarpGradientsAreTheSameBitsEachTime) {
  NEEDS_GPU();
  const at::Tensor image = NoisePicture(2, 3, 128, 128).to(Gpu());
  const auto chain =
      MakeChain(ListOf({PresetOf(v1::PresetTransform::STANDARD)}), 128, 128);
  const Moved first = MoveBy(*chain, image, 3);
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(at::equal(MoveBy(*chain, image, 3).gradient, first.gradient));
}

TEST(GpuTest, AdamMovesParametersAsTheCpuDoes) {
  NEEDS_GPU();
  const at::Tensor start = NoisePicture(2, 3, 40, 41);
  const auto run = [&](at::Device device) {
    const at::Tensor x = start.to(device).clone().set_requires_grad(true);
    v1::Optimizer spec;
    spec.mutable_adamw()->set_weight_decay(0.1);
    const auto optimizer =
        FindOptimizerKind(spec)->make(spec, {{"x", x, true}});
    for (int i = 0; i < 30; ++i) {
      optimizer->Step(0.05, [&x] {
        x.mutable_grad() = (x.detach() - 0.3) * 2;
        return x.detach().sum();
      });
    }
    return x.detach().cpu();
  };
  EXPECT_TRUE(at::allclose(run(Gpu()), run(at::kCPU), 1e-6, 1e-6));
}

TEST(GpuTest, ARecordedStepRunsWhenReplayedAndReadsWhatIsThereThen) {
  NEEDS_GPU();
  const CudaStreamScope scope(CudaStreamLease(0));
  const auto recorder = MakeGraphRecorder();
  ASSERT_NE(recorder, nullptr);
  const at::Tensor in = at::ones({4}, Gpu()), sum = at::zeros({4}, Gpu());
  const auto work = [&] { sum.add_(in * 2); };
  work();
  const auto step = recorder->Record(work);
  EXPECT_EQ(sum[0].item<float>(), 2) << "recording must not run";
  in.fill_(5);
  step->Replay();
  step->Replay();
  EXPECT_EQ(sum[0].item<float>(), 22);
}

TEST(GpuTest, WorkThatWaitsForTheGpuIsRefusedAndLeavesNothingBehind) {
  NEEDS_GPU();
  const CudaStreamScope scope(CudaStreamLease(0));
  const auto recorder = MakeGraphRecorder();
  const at::Tensor x = at::ones({4}, Gpu());
  EXPECT_THROW(recorder->Record([&x] { (x * 3).sum().item<float>(); }),
               c10::Error);
  EXPECT_EQ((x * 3).sum().item<float>(), 12);
  const auto step = recorder->Record([&x] { x.mul_(2); });
  step->Replay();
  EXPECT_EQ(x[0].item<float>(), 2);
}

TEST(GpuTest, RecordingsThatFailKeepNoMemory) {
  NEEDS_GPU();
  const CudaStreamScope scope(CudaStreamLease(0));
  const auto fail = [] {
    const auto recorder = MakeGraphRecorder();
    EXPECT_THROW(recorder->Record([] {
      const at::Tensor large = at::zeros({32 << 20}, Gpu());
      large.sum().item<float>();
    }),
                 c10::Error);
  };
  fail();
  const int64_t before = CudaMemoryInUse(0);
  for (int i = 0; i < 8; ++i) fail();
  EXPECT_LE(CudaMemoryInUse(0), before);
}

TEST(GpuTest, AStepRecordedInOneScopeRunsInAnotherOnAnotherThread) {
  NEEDS_GPU();
  const at::Tensor sum = at::zeros({64, 64}, Gpu()),
                   in = at::ones({64, 64}, Gpu());
  const CudaStreamLease lease(0);
  const auto recorder = MakeGraphRecorder();
  std::unique_ptr<RecordedStep> step;
  {
    const CudaStreamScope scope(lease);
    step = recorder->Record([&] { sum.add_(at::mm(in, in)); });
  }
  const CudaStreamScope busy(lease);  // takes the first stream
  std::jthread([&] {
    const CudaStreamScope scope(lease);
    step->Replay();
    step->Replay();
  }).join();
  EXPECT_EQ(sum[0][0].item<float>(), 128);
}

TEST(GpuTest, ResizesAndBlursAreTheCpusAndTheSameBitsEachTime) {
  NEEDS_GPU();
  for (const char* text :
       {"resize { height: 50 width: 120 }", "blur { max_sigma: 2 }"}) {
    ExpectSameOnGpu(Parse({text}), 2, 3);
    const at::Tensor image = NoisePicture(2, 3, 96, 83).to(Gpu());
    const auto chain = MakeChain(Parse({text}), 96, 83);
    const Moved first = MoveBy(*chain, image, 3);
    for (int i = 0; i < 5; ++i) {
      EXPECT_TRUE(at::equal(MoveBy(*chain, image, 3).gradient, first.gradient));
    }
  }
}

TEST(GpuTest, MemoryOfTensorsIsCounted) {
  NEEDS_GPU();
  const at::Tensor held = at::zeros({64 << 20}, Gpu());
  EXPECT_GE(CudaMemoryInUse(0), int64_t{256} << 20);
}

}  // namespace
}  // namespace phosphene
