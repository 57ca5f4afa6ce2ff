#pragma once

#include "client/presets/presets.h"

namespace CLI {
class App;
}  // namespace CLI

namespace phosphene::client {

// --layer --channel --neuron --negative.
void AddTargetFlags(CLI::App* command, FeatureOptions* target);

}  // namespace phosphene::client
