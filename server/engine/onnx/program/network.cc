// Networks ready to run: files opened, programs compiled, layers read.

#include "server/engine/onnx/program/network.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/program/normalize.h"
#include "server/engine/onnx/program/program.h"
#include "server/engine/onnx/program/row_shares.h"
#include "server/engine/tensor/guard.h"

namespace phosphene {
namespace onnx {
namespace {

class CompiledNetwork : public Network {
 public:
  CompiledNetwork(std::shared_ptr<const OpenedNetwork> info,
                  std::vector<std::string> layers, const OpOptions& options,
                  std::unique_ptr<Program> program)
      : info_(std::move(info)),
        layers_(std::move(layers)),
        device_(options.device),
        normalizer_(info_->config(), info_->input_channels(), options.device,
                    *options.float_type),
        program_(std::move(program)) {}

  std::map<std::string, at::Tensor> Forward(
      const at::Tensor& x) const override {
    const at::Tensor input = normalizer_.Apply(x);
    const int64_t rows = x.size(0),
                  shared = Shareable(rows) ? RowsToShare(rows) : 0;
    const auto run = [this](const at::Tensor& some) { return RunRows(some); };
    Tensors values;
    if (shared == 0) {
      values = run(input);
    } else {
      values = RunInRowShares(input.narrow(0, 0, shared), run);
      if (shared < rows)
        Append(run(input.narrow(0, shared, rows - shared)), &values);
    }
    std::map<std::string, at::Tensor> out;
    for (size_t i = 0; i < layers_.size(); ++i) out[layers_[i]] = values[i];
    return out;
  }

 private:
  // A file exported for this very number of rows may know no other.
  bool Shareable(int64_t rows) const {
    return device_.is_cpu() &&
           (program_->any_batch() || info_->declared_batch() != rows);
  }

  static void Append(const Tensors& more, Tensors* values) {
    for (size_t i = 0; i < more.size(); ++i)
      (*values)[i] = at::cat({(*values)[i], more[i]});
  }

  Tensors RunRows(const at::Tensor& input) const {
    const int64_t batch = info_->declared_batch();
    const bool any =
        batch == 0 || batch == input.size(0) || program_->any_batch();
    return any ? Run(input) : RowByRow(input, batch);
  }

  Tensors Run(const at::Tensor& input) const {
    Tensors values = program_->Run({input});
    for (size_t i = 0; i < values.size(); ++i) {
      const Layout layout = info_->LayoutOf(layers_[i]);
      values[i] =
          ChannelsFirst(FirstCopy(values[i], layout), layout, input.size(0));
    }
    return values;
  }

  // Of a file for a fixed batch: what the first row made. Its axis is the
  // layout's, or another that is as long as the batch.
  at::Tensor FirstCopy(const at::Tensor& value, const Layout& layout) const {
    const int64_t copies = info_->copies();
    if (copies == 1 || value.dim() == 0) return value;
    int64_t axis = layout.batch_axis;
    for (int64_t other = 0; other < std::min<int64_t>(value.dim(), 2);
         ++other) {
      const bool fits = other != layout.channel_axis &&
                        value.size(other) == copies &&
                        value.size(axis) != copies;
      if (fits) axis = other;
    }
    const int64_t size = value.size(axis);
    return size % copies == 0 ? value.narrow(axis, 0, size / copies) : value;
  }

  // A file exported for a fixed batch may have its size written into Reshape
  // nodes; such a network sees rows one at a time.
  Tensors RowByRow(const at::Tensor& input, int64_t batch) const {
    TORCH_CHECK(batch == 1, "the network takes batches of ", batch,
                " images only");
    std::vector<Tensors> parts(layers_.size());
    for (int64_t row = 0; row < input.size(0); ++row) {
      const Tensors values = Run(input.narrow(0, row, 1));
      for (size_t i = 0; i < values.size(); ++i) parts[i].push_back(values[i]);
    }
    Tensors joined;
    for (const Tensors& rows : parts) joined.push_back(at::cat(rows));
    return joined;
  }

  const std::shared_ptr<const OpenedNetwork> info_;
  const std::vector<std::string> layers_;
  const at::Device device_;
  const Normalizer normalizer_;
  const std::unique_ptr<Program> program_;
};

}  // namespace
}  // namespace onnx

absl::StatusOr<std::shared_ptr<const NetworkInfo>> OpenNetwork(
    const ModelFile& file, std::vector<std::string>* notes) {
  ASSIGN_OR_RETURN(auto opened,
                   onnx::OpenedNetwork::Open(file.name, {file.onnx, file.file},
                                             file.config, notes));
  return std::shared_ptr<const NetworkInfo>(std::move(opened));
}

absl::StatusOr<std::unique_ptr<Network>> CompileNetwork(
    const std::shared_ptr<const NetworkInfo>& info,
    const std::vector<std::string>& layers, const CompileOptions& options) {
  auto opened = std::dynamic_pointer_cast<const onnx::OpenedNetwork>(info);
  if (opened == nullptr)
    return absl::InternalError("the network was not opened by OpenNetwork");
  if (layers.empty())
    return absl::InvalidArgumentError("no layer of the network is asked for");
  onnx::OpOptions op_options;
  op_options.device = options.device;
  op_options.float_type = options.dtype;
  op_options.max_pool = options.max_pool;
  op_options.linear_relu = options.linear_relu;
  ASSIGN_OR_RETURN(
      auto program,
      onnx::Program::Compile(opened->graph(), {opened->config().input()},
                             layers, op_options, opened->cache()));
  std::unique_ptr<Network> network;
  RETURN_IF_ERROR(Guarded("preparing the network", [&] {
    network = std::make_unique<onnx::CompiledNetwork>(
        std::move(opened), layers, op_options, std::move(program));
  }));
  return network;
}

std::vector<std::string> OnnxOpNames() {
  std::vector<std::string> names;
  for (const onnx::OpKind& op : onnx::AllOps())
    names.push_back(absl::StrCat(op.name, "-", op.last_opset));
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace phosphene
