// The flags that every command that makes a job has.

#include "client/commands/job_flags.h"
#include "client/base/field_rules.h"

#include <CLI/CLI.hpp>

#include "absl/strings/str_cat.h"
#include "client/base/failure.h"
#include "client/base/files.h"

namespace phosphene::client {
namespace {

constexpr char kNoise[] = "spec.parameterization.init.noise";

std::string WithDefault(absl::string_view text, absl::string_view value) {
  return absl::StrCat(text, " [", value, "]");
}

void AddSpecFlags(CLI::App* command, SpecOptions* spec,
                  const JobFlagSet& which) {
  command
      ->add_option("--model", spec->model, "network, as `models list` names it")
      ->capture_default_str();
  command->add_option(
      "--size", spec->size,
      WithDefault(absl::StrCat("canvas in pixels, N or WxH, ",
                               AllowedFor("spec.parameterization.width")),
                  which.size));
  command->add_option("--steps", spec->steps,
                      WithDefault(absl::StrCat("steps (of each octave), ",
                                               AllowedFor("spec.steps")),
                                  which.steps));
  AddSeedFlag(command, &spec->seed,
              "key of all randomness; same spec, same bytes");
  command->add_option(
      "--lr", spec->learning_rate,
      WithDefault(absl::StrCat("learning rate, ",
                               AllowedFor("spec.optimizer.learning_rate")),
                  which.lr));
  command->add_option("--optimizer", spec->optimizer,
                      "adam, adamw, nadam, sgd or lbfgs");
  command->add_option(
      "--transforms", spec->transforms,
      WithDefault("standard, none, transparent, or a list such as "
                  "pad:12,jitter:8,rotate:-5:0:5",
                  which.transforms));
  command->add_option("--precision", spec->precision,
                      "arithmetic of the network: auto, fp32 or bf16 [auto]");
  command->add_option("--checkpoint-every", spec->checkpoint_every,
                      WithDefault("steps between checkpoints, 0: on pause only",
                                  DefaultFor("spec.checkpoint_every")));
  command->add_option(
      "--frame-every", spec->frame_every,
      WithDefault("steps between frames", DefaultFor("spec.frames.every")));
  command->add_flag("--no-redirect", spec->no_redirect,
                    "no gradient through dead ReLUs in the first 16 steps");
}

void AddOptionalFlags(CLI::App* command, SpecOptions* spec,
                      const JobFlagSet& which) {
  if (which.param) {
    command->add_option(
        "--param", spec->param,
        "what is optimized: fourier, pixel, laplacian, cppn or phase");
    command
        ->add_option("--spectrum", spec->spectrum,
                     "with --param phase: image whose magnitudes are copied; "
                     "may be repeated [1/f]")
        ->allow_extra_args(false);
  }
  if (which.objective) {
    command->add_option(
        "--objective", spec->objective,
        "what is maximized, as text: \"channel(mixed4a:3) - 0.1*tv()\"");
  }
  if (!which.start) return;
  command->add_option("--start-from", spec->start_from,
                      "image the optimization starts from");
  command->add_option(
      "--start-noise", spec->start_noise,
      WithDefault(absl::StrCat("share of the random start added to it, ",
                               AllowedFor(kNoise)),
                  DefaultFor(kNoise)));
  command->add_option("--mask", spec->mask,
                      "image: optimize only where it is white");
  command->add_option(
      "--colors", spec->colors,
      "basis of the optimized values: decorrelated, rgb, ycbcr, soft "
      "(decorrelated with half the colour), or a matrix of nine numbers, row "
      "by row");
  command->add_option(
      "--image-channels", spec->channels,
      absl::StrCat("channels of the image, ",
                   AllowedFor("spec.parameterization.channels"),
                   "; 1 is grey, shown to the network on all of its own "
                   "[the network's]"));
  command->add_flag("--grey", spec->grey, "one channel: --image-channels 1");
}

}  // namespace

void AddSeedFlag(CLI::App* command, uint64_t* seed, const std::string& help) {
  // CLI11 would wrap a negative number around.
  command->add_option("--seed", *seed, help)
      ->capture_default_str()
      ->check([](const std::string& text) -> std::string {
        if (text.empty() || text[0] != '-') return "";
        return absl::StrCat("\"", text,
                            "\" is not allowed; a whole number >= 0 is");
      });
}

void AddSubmitFlags(CLI::App* command, SubmitFlags* flags) {
  command
      ->add_option("--priority", flags->priority,
                   absl::StrCat("higher runs sooner, ", AllowedFor("priority")))
      ->capture_default_str();
  command
      ->add_option("--label", flags->labels,
                   "free label KEY=VALUE; may be repeated")
      ->allow_extra_args(false);
}

void AddWatchFlags(CLI::App* command, WatchFlags* flags) {
  command
      ->add_option_function<std::string>(
          "--preview",
          [flags](const std::string& file) {
            flags->preview = true;
            flags->preview_file = file == "-" ? "" : file;
          },
          "show frames in the terminal, or with --preview=FILE write each to "
          "FILE")
      ->expected(0, 1)
      ->default_str("-")
      ->type_name("[FILE]");
  command->add_option("--history", flags->history_file,
                      "write step, objective and each term to FILE (csv)");
}

void AddJobFlags(CLI::App* command, JobFlags* flags, const JobFlagSet& which) {
  AddSpecFlags(command, &flags->spec, which);
  AddOptionalFlags(command, &flags->spec, which);
  AddSubmitFlags(command, &flags->submit);
  command
      ->add_option(
          "-o,--output", flags->spec.outputs,
          absl::StrCat("file to write, format by extension (", which.extensions,
                       "); may be repeated [", which.output, "]"))
      ->allow_extra_args(false);
  command->add_flag("--sixteen-bits", flags->spec.sixteen_bits,
                    "PNGs of 16 bits a channel instead of 8, for editing");
  command->add_flag("--detach", flags->submit.detach,
                    "print the job's name and return; `jobs result JOB -o "
                    "FILE` fetches later");
  command->add_flag("--spec-only", flags->submit.spec_only,
                    "print the JobSpec and stop; `submit` takes it");
  AddWatchFlags(command, &flags->watch);
}

void SetDefaultOutput(JobFlags* flags, const std::string& stem,
                      const std::string& extension) {
  if (!flags->spec.outputs.empty()) return;
  const bool writes = !flags->submit.spec_only && !flags->submit.detach;
  flags->spec.outputs = {writes ? FreeName(stem, extension)
                                : absl::StrCat(stem, ".", extension)};
}

absl::StatusOr<std::map<std::string, std::string>> ParseLabels(
    const std::vector<std::string>& labels) {
  std::map<std::string, std::string> out;
  for (const std::string& label : labels) {
    const size_t equals = label.find('=');
    if (equals == std::string::npos || equals == 0) {
      return FlagError(
          "--label",
          absl::StrCat("\"", label, "\" is no label; use KEY=VALUE"));
    }
    out[label.substr(0, equals)] = label.substr(equals + 1);
  }
  return out;
}

}  // namespace phosphene::client
