// `cppn`: a picture of a small coordinate network.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/field_rules.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "client/commands/run_job.h"
#include "client/commands/target_flags.h"
#include "client/presets/presets.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

constexpr char kDepth[] = "spec.parameterization.cppn.depth";
constexpr char kHidden[] = "spec.parameterization.cppn.hidden_channels";

}  // namespace

void AddCppn(CLI::App& app, Dispatch& dispatch) {
  struct Flags : JobFlags {
    CppnOptions options;
  };
  auto flags = std::make_shared<Flags>();
  CppnOptions& options = flags->options;
  CLI::App* command =
      app.add_subcommand("cppn",
                         "Feature visualization by a small network of "
                         "coordinates, drawn at any size");
  AddTargetFlags(command, &options.target);
  command->add_option("--activation", options.activation,
                      "composite, unbiased, relu or abs [composite]");
  command->add_option("--depth", options.depth,
                      absl::StrCat("hidden layers, ", AllowedFor(kDepth), " [",
                                   DefaultFor(kDepth), "]"));
  command->add_option("--hidden", options.hidden,
                      absl::StrCat("channels of each, ", AllowedFor(kHidden),
                                   " [", DefaultFor(kHidden), "]"));
  command->add_flag("--normalize", options.normalize, "instance normalization");
  command->add_flag("--periodic", options.periodic, "tiles without a seam");
  command->add_option("--render", options.render,
                      "size to draw at in the end, N or WxH [--size]");
  JobFlagSet which;
  which.param = false;
  which.start = false;
  which.lr = "0.005";
  which.transforms = "none";
  which.output = "cppn.png";
  which.extensions = "png, jpg, webp, tif, ckpt";
  AddJobFlags(command, flags.get(), which);
  command->footer(
      "Example:\n  phosphene cppn --layer mixed4b --channel 7 --render 1024 "
      "-o smooth.png");
  dispatch.On(command, [flags](Session& session) -> absl::Status {
    SetDefaultOutput(flags.get(), "cppn", "png");
    ASSIGN_OR_RETURN(const v1::JobSpec spec,
                     CppnSpec(flags->options, flags->spec));
    return RunJob(session, spec, *flags);
  });
}

}  // namespace phosphene::client
