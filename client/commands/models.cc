// `models`: add, list, show, delete, and their layers.

#include <CLI/CLI.hpp>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "client/base/json.h"
#include "client/base/units.h"
#include "client/commands/commands.h"
#include "client/commands/layers.h"
#include "client/commands/model_config.h"
#include "client/onnx/joined_model.h"
#include "client/onnx/unpacked_model.h"
#include "client/view/table.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

std::string InputSize(const v1::Model& model) {
  const bool fixed = model.input_height() > 0 && model.input_width() > 0;
  if (fixed) {
    return absl::StrCat(model.input_channels(), " x ", model.input_height(),
                        " x ", model.input_width());
  }
  std::string sizes = "any size";
  if (model.input_multiple() > 1)
    sizes = absl::StrCat("multiples of ", model.input_multiple());
  if (model.input_least() > 1)
    absl::StrAppend(&sizes, " from ", model.input_least(), " on");
  return absl::StrCat(model.input_channels(), " x ", sizes);
}

std::string ModelTable(const std::vector<v1::Model>& models) {
  Table table(
      {"NAME", ">SIZE", ">PARAMETERS", ">LAYERS", "INPUT", "DESCRIPTION"});
  for (const v1::Model& model : models) {
    table.Add({std::string(absl::StripPrefix(model.name(), "models/")),
               FormatBytes(model.size_bytes()),
               absl::StrFormat("%.3gM", model.parameters() / 1e6),
               absl::StrCat(model.layer_count()), InputSize(model),
               model.config().description().substr(0, 60)});
  }
  return table.Text();
}

std::string ModelDetails(const v1::Model& model) {
  const v1::ModelConfig& config = model.config();
  std::string out = absl::StrCat("name         ", model.name(), "\n");
  const auto line = [&](const char* name, const std::string& value) {
    if (!value.empty())
      absl::StrAppend(&out, absl::StrFormat("%-12s ", name), value, "\n");
  };
  line("description", config.description());
  line("license", config.license());
  line("file",
       absl::StrCat(FormatBytes(model.size_bytes()), ", opset ", model.opset(),
                    model.producer().empty() ? "" : ", by ", model.producer()));
  line("parameters", absl::StrFormat("%.4gM", model.parameters() / 1e6));
  line("layers", absl::StrCat(model.layer_count()));
  line("input", InputSize(model));
  line("layout", config.layout() == v1::ModelConfig::LAYOUT_UNSPECIFIED
                     ? ""
                     : absl::AsciiStrToLower(
                           v1::ModelConfig::Layout_Name(config.layout())));
  const bool sized = config.height() > 0 && config.width() > 0;
  line("tried at",
       sized ? absl::StrCat(config.height(), " x ", config.width()) : "");
  line("range",
       absl::StrCat(
           FormatNumber(config.range_lo()), " .. ",
           FormatNumber(config.has_range_hi() ? config.range_hi() : 1)));
  line("order", config.channel_order() == v1::ModelConfig::BGR ? "BGR" : "RGB");
  line("mean", absl::StrJoin(config.mean(), ", "));
  line("std", absl::StrJoin(config.std(), ", "));
  line("labels",
       config.labels().empty() ? "" : absl::StrCat(config.labels_size()));
  for (const std::string& note : model.notes()) line("note", note);
  return out;
}

absl::StatusOr<std::vector<v1::Model>> FetchModels(Session& session) {
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  v1::ListModelsRequest request;
  std::vector<v1::Model> models;
  do {
    ASSIGN_OR_RETURN(
        const v1::ListModelsResponse response,
        connection->Call(connection->models(),
                         &v1::ModelService::Stub::ListModels, request));
    models.insert(models.end(), response.models().begin(),
                  response.models().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return models;
}

void AddList(CLI::App* models, Dispatch& dispatch) {
  CLI::App* command = models->add_subcommand("list", "Networks the server has");
  command->footer("Example:\n  phosphene models list");
  dispatch.On(command, [](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<v1::Model> models, FetchModels(session));
    for (const v1::Model& model : models) session.Emit(ToJson(model));
    session.Print(models.empty() ? "no models" : ModelTable(models));
    return absl::OkStatus();
  });
}

struct AddFlags {
  std::string path, name;
  ModelConfigFlags config;
  bool replace = false;
  bool check_only = false;
};

absl::Status RunAdd(Session& session, const AddFlags& flags) {
  v1::CreateModelRequest request;
  request.set_model_id(flags.name.empty()
                           ? ModelNameFromPath(NameUnpacked(flags.path))
                           : flags.name);
  request.set_source_file(
      std::filesystem::path(NameUnpacked(flags.path)).filename().string());
  request.set_allow_replace(flags.replace);
  request.set_validate_only(flags.check_only);
  ASSIGN_OR_RETURN(*request.mutable_model()->mutable_config(),
                   MakeModelConfig(flags.config));
  ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
  ASSIGN_OR_RETURN(const UnpackedModel unpacked, UnpackedModel::Of(flags.path));
  ASSIGN_OR_RETURN(const ByteSource file, OpenModelFile(unpacked.path()));
  ASSIGN_OR_RETURN(*request.mutable_blob(),
                   Upload(*connection, file, session.TransferView(flags.path)));
  session.ShowStatus(absl::StrCat("checking ", flags.path));
  const absl::StatusOr<v1::Model> model = connection->Call(
      connection->models(), &v1::ModelService::Stub::CreateModel, request,
      kModelTimeout);
  session.ClearStatus();
  if (absl::IsAlreadyExists(model.status())) {
    return absl::AlreadyExistsError(absl::StrCat(
        "there is a model \"", request.model_id(),
        "\" already; --replace replaces it, --name NAME adds this one under "
        "another name"));
  }
  RETURN_IF_ERROR(model.status());
  session.Answer(*model, ModelDetails(*model));
  return absl::OkStatus();
}

void AddAdd(CLI::App* models, Dispatch& dispatch) {
  auto flags = std::make_shared<AddFlags>();
  CLI::App* command =
      models->add_subcommand("add", "Add a network from an ONNX file");
  command->add_option("file", flags->path, "ONNX file, .gz too")
      ->required()
      ->type_name("FILE");
  command->add_option("--name", flags->name,
                      "name, a-z 0-9 - _ . [the file's]");
  AddModelConfigFlags(command, &flags->config);
  command->add_flag("--replace", flags->replace,
                    "replace a model of this name");
  command->add_flag("--check-only", flags->check_only,
                    "check the file, keep nothing");
  command->footer(
      "Files beside it that hold its weights (net.onnx.data) are sent along. "
      "How images enter it is inferred from the file where flags leave it "
      "open; notes say what "
      "was inferred and what the self-check found.\n\n"
      "Example:\n  phosphene models add googlenet.onnx --bgr --mean "
      "104,117,123 --range 0,255");
  dispatch.On(command,
              [flags](Session& session) { return RunAdd(session, *flags); });
}

void AddShow(CLI::App* models, Dispatch& dispatch) {
  auto name = std::make_shared<std::string>();
  CLI::App* command =
      models->add_subcommand("show", "One network: input, convention, notes");
  command->add_option("model", *name, "name of the model")
      ->required()
      ->type_name("MODEL");
  command->footer("Example:\n  phosphene models show phosphene-tiny");
  dispatch.On(command, [name](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    v1::GetModelRequest request;
    request.set_name(ModelName(*name));
    ASSIGN_OR_RETURN(
        const v1::Model model,
        connection->Call(connection->models(),
                         &v1::ModelService::Stub::GetModel, request));
    session.Answer(model, ModelDetails(model));
    return absl::OkStatus();
  });
}

std::string LayerTable(const std::vector<v1::Layer>& layers) {
  const auto number = [](int value) {
    return value == 0 ? std::string("-") : absl::StrCat(value);
  };
  Table table(
      {"LAYER", "OP", ">CHANNELS", ">STRIDE", ">FIELD", ">GFLOP", "ALIASES"});
  for (const v1::Layer& layer : layers) {
    table.Add({layer.name(), layer.op(), number(layer.channels()),
               number(layer.stride()),
               layer.receptive_field() == 0
                   ? "all"
                   : absl::StrCat(layer.receptive_field()),
               absl::StrFormat("%.2f", layer.gflops()),
               absl::StrJoin(layer.aliases(), ", ")});
  }
  return table.Text();
}

bool Holds(const v1::Layer& layer, const std::string& text) {
  const std::string all = absl::StrCat(layer.name(), " ", layer.op(), " ",
                                       absl::StrJoin(layer.aliases(), " "));
  return absl::StrContains(absl::AsciiStrToLower(all),
                           absl::AsciiStrToLower(text));
}

void AddLayers(CLI::App* models, Dispatch& dispatch) {
  struct Flags {
    std::string model, filter;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      models->add_subcommand("layers",
                             "Layers an objective can read: channels, stride, "
                             "receptive field in pixels");
  command->add_option("model", flags->model, "name of the model")
      ->required()
      ->type_name("MODEL");
  command->add_option("--filter", flags->filter,
                      "only those whose name or operator holds this");
  command->footer(
      "Example:\n  phosphene models layers phosphene-tiny --filter mixed4");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const std::vector<v1::Layer> all,
                     FetchLayers(session, flags->model));
    std::vector<v1::Layer> layers;
    for (const v1::Layer& layer : all) {
      if (Holds(layer, flags->filter)) layers.push_back(layer);
    }
    for (const v1::Layer& layer : layers) session.Emit(ToJson(layer));
    session.Print(layers.empty() ? "no layers" : LayerTable(layers));
    return absl::OkStatus();
  });
}

void AddDelete(CLI::App* models, Dispatch& dispatch) {
  auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* command = models->add_subcommand("delete", "Remove networks");
  command->add_option("model", *names, "names of models")
      ->required()
      ->type_name("MODEL");
  command->footer("Example:\n  phosphene models delete googlenet");
  dispatch.On(command, [names](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(Connection* const connection, session.Connect());
    for (const std::string& name : *names) {
      v1::DeleteModelRequest request;
      request.set_name(ModelName(name));
      RETURN_IF_ERROR(connection
                          ->Call(connection->models(),
                                 &v1::ModelService::Stub::DeleteModel, request)
                          .status());
      session.Emit(JsonObject().Add("deleted", request.name()).Text());
      session.Print(absl::StrCat(request.name(), " deleted"));
    }
    return absl::OkStatus();
  });
}

}  // namespace

void AddModels(CLI::App& app, Dispatch& dispatch) {
  CLI::App* models =
      app.add_subcommand("models", "Networks: add, look at, remove");
  models->require_subcommand(1);
  AddList(models, dispatch);
  AddAdd(models, dispatch);
  AddShow(models, dispatch);
  AddLayers(models, dispatch);
  AddDelete(models, dispatch);
}

}  // namespace phosphene::client
