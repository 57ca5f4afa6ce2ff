// The layers of a model, asked of the server.

#include "client/commands/layers.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Names and aliases.
std::vector<std::string> AllNames(const std::vector<v1::Layer>& layers) {
  std::vector<std::string> names;
  for (const v1::Layer& layer : layers) {
    names.push_back(layer.name());
    names.insert(names.end(), layer.aliases().begin(), layer.aliases().end());
  }
  return names;
}

}  // namespace

std::string ModelName(const std::string& name) {
  return absl::StartsWith(name, "models/") ? name
                                           : absl::StrCat("models/", name);
}

absl::StatusOr<std::vector<v1::Layer>> FetchLayers(Session& session,
                                                   const std::string& model) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListLayersRequest request;
  request.set_parent(ModelName(model));
  std::vector<v1::Layer> layers;
  do {
    ASSIGN_OR_RETURN(
        const v1::ListLayersResponse response,
        connection->Call(connection->models(),
                         &v1::ModelService::Stub::ListLayers, request));
    layers.insert(layers.end(), response.layers().begin(),
                  response.layers().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return layers;
}

absl::StatusOr<int> FetchChannelCount(Session& session,
                                      const std::string& model,
                                      const std::string& layer) {
  ASSIGN_OR_RETURN(const std::vector<v1::Layer> layers,
                   FetchLayers(session, model));
  for (const v1::Layer& candidate : layers) {
    const auto& aliases = candidate.aliases();
    if (candidate.name() != layer &&
        std::find(aliases.begin(), aliases.end(), layer) == aliases.end()) {
      continue;
    }
    if (candidate.channels() > 0) return candidate.channels();
    return FlagError("--channels",
                     absl::StrCat("needed: the channels of \"", layer,
                                  "\" are not known before a run"));
  }
  return FlagError(
      "--layer", absl::StrCat("no layer \"", layer, "\" in ", ModelName(model),
                              NearestHint(layer, AllNames(layers))));
}

absl::StatusOr<StyleLayers> FetchStyleLayers(Session& session,
                                             const std::string& model,
                                             const StyleLayers& said) {
  if (!said.content.empty() && !said.style.empty()) return said;
  ASSIGN_OR_RETURN(const std::vector<v1::Layer> layers,
                   FetchLayers(session, model));
  ASSIGN_OR_RETURN(StyleLayers known, StyleLayersFor(AllNames(layers)));
  if (!said.content.empty()) known.content = said.content;
  if (!said.style.empty()) known.style = said.style;
  return known;
}

}  // namespace phosphene::client
