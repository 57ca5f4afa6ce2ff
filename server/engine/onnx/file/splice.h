#pragma once

#include <map>
#include <string>
#include <unordered_set>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/engine/onnx/file/graph.h"

namespace phosphene::onnx {

// What putting nodes of functions and branches in place may copy in all: names
// and lists of attributes, in bytes. Tensors are shared, not copied.
constexpr int64_t kSplicedBytes = int64_t{64} << 20;

// Names of values of one body, by what they are called where it is put.
using Renaming = std::map<std::string, std::string>;

// Puts copies of nodes into a graph under names that clash with none. Counts
// what it copies, so that a few bytes of a file do not become a graph without
// bound.
class Splicer {
 public:
  explicit Splicer(const Graph& graph);

  // A name nobody has: `wanted` itself where it is free.
  std::string Fresh(const std::string& wanted);
  // Takes the name a value has already.
  void Take(const std::string& name) { taken_.insert(name); }

  // Names for values made by `nodes`, below `prefix` ("" leaves them as they
  // are where they are free), that `names` does not have.
  void NameValues(const std::vector<Node>& nodes, const std::string& prefix,
                  Renaming* names);

  // A copy whose values are called by `names`, those inside its subgraphs that
  // are not made there too. INVALID_ARGUMENT beyond kSplicedBytes or kMaxNodes.
  absl::StatusOr<Node> Copy(const Node& node, const Renaming& names);

 private:
  absl::Status Count(const Node& node);
  absl::StatusOr<std::shared_ptr<const Subgraph>> CopySubgraph(
      const Subgraph& from, Renaming names);

  std::unordered_set<std::string> taken_;
  int64_t nodes_ = 0, bytes_ = 0, numbered_ = 0;
};

// An Identity that gives a value another name.
Node IdentityNode(const std::string& from, const std::string& to);

}  // namespace phosphene::onnx
