// Opens a file as a network and says what there is to know about it.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"
#include "server/engine/onnx/info/info.h"
#include "server/engine/onnx/info/self_check.h"
#include "server/engine/onnx/ops/notes.h"
#include "server/engine/onnx/program/network.h"

namespace phosphene {
namespace {

// File name without folders and ending, for messages.
std::string StemOf(absl::string_view file) {
  const size_t slash = file.find_last_of('/');
  if (slash != absl::string_view::npos) file.remove_prefix(slash + 1);
  const size_t dot = file.find_last_of('.');
  return std::string(
      dot == absl::string_view::npos || dot == 0 ? file : file.substr(0, dot));
}

}  // namespace

absl::StatusOr<ModelReport> InspectNetwork(absl::string_view bytes,
                                           const v1::ModelConfig& config,
                                           absl::string_view source_file) {
  std::vector<std::string> notes;
  // The network ends with this call, before the bytes do: it need not own them.
  const std::shared_ptr<const void> owner(bytes.data(), [](const void*) {});
  ASSIGN_OR_RETURN(auto opened,
                   onnx::OpenedNetwork::Open(StemOf(source_file),
                                             {bytes, owner}, config, &notes));
  for (std::string& note : onnx::OperatorNotes(opened->graph()))
    notes.push_back(std::move(note));
  ASSIGN_OR_RETURN(const std::vector<std::string> warnings,
                   onnx::SelfCheck(opened));
  for (const std::string& warning : warnings)
    notes.push_back(absl::StrCat("self-check: ", warning));
  ModelReport report;
  v1::Model& model = report.model;
  *model.mutable_config() = opened->config();
  model.set_size_bytes(static_cast<int64_t>(bytes.size()));
  model.set_parameters(opened->CountParameters());
  model.set_opset(opened->graph().opset);
  model.set_producer(opened->graph().producer);
  model.set_input_channels(static_cast<int32_t>(opened->input_channels()));
  model.set_input_height(static_cast<int32_t>(opened->input_height()));
  model.set_input_width(static_cast<int32_t>(opened->input_width()));
  const InputSizes sizes = opened->sizes().Whole();
  model.set_input_multiple(static_cast<int32_t>(sizes.multiple));
  model.set_input_least(static_cast<int32_t>(sizes.least));
  model.set_layer_count(static_cast<int32_t>(opened->layers().size()));
  for (const std::string& note : notes) model.add_notes(note);
  report.layers = opened->layers();
  return report;
}

}  // namespace phosphene
