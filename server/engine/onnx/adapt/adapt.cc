// One pass after another, from the graph of a file to the one that is run.

#include "server/engine/onnx/adapt/adapt.h"

#include <utility>

#include "server/base/status_macros.h"
#include "server/engine/onnx/adapt/branches.h"
#include "server/engine/onnx/adapt/damage.h"
#include "server/engine/onnx/adapt/image_input.h"
#include "server/engine/onnx/adapt/old_opsets.h"
#include "server/engine/onnx/adapt/readable.h"
#include "server/engine/onnx/adapt/reserved_names.h"
#include "server/engine/onnx/adapt/single_floats.h"

namespace phosphene::onnx {

absl::StatusOr<Adapted> Adapt(v1::ModelConfig* config, Graph* graph,
                              std::vector<std::string>* notes) {
  const auto note = [&](absl::string_view text) {
    if (notes != nullptr && !text.empty()) notes->emplace_back(text);
  };
  const Damage damage(*graph);
  SetSwitches(graph, notes);
  RETURN_IF_ERROR(InlineBranches(graph));
  RenameReserved(graph);
  ASSIGN_OR_RETURN(const std::string image,
                   ChooseImage(*graph, *config, notes));
  config->set_input(image);
  ReadAsOpset7(image, graph);
  if (MakeSingle(image, graph))
    note("the network is of f64; it is computed in the precision of the job");
  Readability readable = FindReadable(*graph, image);
  RETURN_IF_ERROR(KeepReadable(readable, image, graph));
  note(ReadabilityNote(readable));
  RETURN_IF_ERROR(damage.CheckUsed(*graph));
  Adapted out;
  out.left_out = std::move(readable.left_out);
  ASSIGN_OR_RETURN(out.copies, TakeImages(image, *config, graph, notes));
  return out;
}

}  // namespace phosphene::onnx
