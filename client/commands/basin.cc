// `basin`: the toy of shared parameters, drawn and counted on this machine.

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/base/failure.h"
#include "client/base/files.h"
#include "client/base/json.h"
#include "client/basin/basin.h"
#include "client/basin/draw.h"
#include "client/commands/commands.h"
#include "client/commands/job_flags.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

struct Flags {
  BasinOptions options;
  std::string optimizer = "gd";
  std::string output;
  int size = 256;
  int starts = 20000;
  uint64_t seed = 0;
};

absl::Status Check(Flags& flags) {
  BasinOptions& options = flags.options;
  const std::vector<std::string> names = {"gd", "adam"};
  if (flags.optimizer != "gd" && flags.optimizer != "adam") {
    return FlagError(
        "--optimizer",
        absl::StrCat("\"", flags.optimizer, "\" is not allowed; allowed ",
                     QuotedList(names),
                     NearestHint(flags.optimizer, names, 1)));
  }
  options.adam = flags.optimizer == "adam";
  const auto range = [](const char* flag, double value, double lo, double hi) {
    if (value >= lo && value <= hi) return absl::OkStatus();
    return FlagError(flag, absl::StrFormat("%g is not allowed; allowed %g..%g",
                                           value, lo, hi));
  };
  RETURN_IF_ERROR(range("--shared-weight", options.shared_weight, 0, 10));
  RETURN_IF_ERROR(range("--range", options.range, 1e-3, 10));
  RETURN_IF_ERROR(range("--lr", options.learning_rate, 0, 1));
  RETURN_IF_ERROR(range("--steps", options.steps, 1, 1e6));
  RETURN_IF_ERROR(range("--size", flags.size, 16, 2048));
  RETURN_IF_ERROR(range("--starts", flags.starts, 1, 1e7));
  if (ExtensionOf(flags.output) != "png") {
    return FlagError("-o", absl::StrCat("\"", flags.output,
                                        "\" is not allowed; a .png file is"));
  }
  return absl::OkStatus();
}

absl::Status Run(Session& session, Flags& flags) {
  if (flags.output.empty()) flags.output = FreeName("basin", "png");
  RETURN_IF_ERROR(Check(flags));
  BasinOptions independent = flags.options;
  independent.shared_weight = 0;
  const Pixels picture = DrawBasins({independent, flags.options}, flags.size);
  const double alone = AlignedFraction(independent, flags.starts, flags.seed);
  const double shared =
      AlignedFraction(flags.options, flags.starts, flags.seed);
  RETURN_IF_ERROR(WriteFileAtomically(flags.output, PngOf(picture)));
  session.Emit(JsonObject()
                   .AddJson("basin", JsonObject()
                                         .Add("file", flags.output)
                                         .Add("independent", alone)
                                         .Add("shared", shared)
                                         .Add("starts", flags.starts)
                                         .Text())
                   .Text());
  session.Print(
      absl::StrFormat("%s  (%d x %d)\n%d starts, |x|, |y| <= %g, %s; share "
                      "that ends in aligned minima:\n"
                      "  independent             %.3f   (left)\n  shared, "
                      "weight %-6g   %.3f   (right)",
                      flags.output, picture.width, picture.height, flags.starts,
                      flags.options.range, flags.optimizer, alone,
                      flags.options.shared_weight, shared));
  return absl::OkStatus();
}

}  // namespace

void AddBasin(CLI::App& app, Dispatch& dispatch) {
  auto flags = std::make_shared<Flags>();
  CLI::App* command =
      app.add_subcommand("basin",
                         "Toy: how a shared parameter widens the basins of "
                         "aligned minima (no server)");
  command
      ->add_option("--shared-weight", flags->options.shared_weight,
                   "weight w of the shared part: x = u + w s, 0..10")
      ->capture_default_str();
  command
      ->add_option("--range", flags->options.range,
                   "starts are in [-R, R], 0.001..10")
      ->capture_default_str();
  command->add_option("--optimizer", flags->optimizer, "gd or adam")
      ->capture_default_str();
  command
      ->add_option(
          "--lr", flags->options.learning_rate,
          "learning rate, 0..1; 0: fitted to the weight (gd) or 0.05 (adam)")
      ->capture_default_str();
  command->add_option("--steps", flags->options.steps, "steps at most")
      ->capture_default_str();
  command
      ->add_option("--size", flags->size, "side of a map in pixels, 16..2048")
      ->capture_default_str();
  command
      ->add_option("--starts", flags->starts, "random starts for the fractions")
      ->capture_default_str();
  AddSeedFlag(command, &flags->seed, "key of the starts");
  command->add_option("-o,--output", flags->output,
                      "file to write (png) [basin.png]");
  command->footer(
      "The gain depends on where one starts and how one steps: it shrinks with "
      "the range, turns "
      "to a loss at R = 2, and Adam at w = 1 undoes it.\n\n"
      "Example:\n  phosphene basin --shared-weight 1 --range 0.5 -o basin.png");
  dispatch.On(command,
              [flags](Session& session) { return Run(session, *flags); });
}

}  // namespace phosphene::client
