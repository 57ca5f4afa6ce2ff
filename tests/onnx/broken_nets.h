#pragma once

#include <string>

#include "tests/onnx/message_changes.h"
#include "tests/onnx/net_builder.h"

namespace phosphene {

// A net of 8 x 8 images with something of everything a file may hold:
// convolutions, attention, shape arithmetic, constants in nodes, weights in
// typed fields and halves, lists of every kind, texts. What broken files are
// made from.
NetBuilder NetOfEverything();

// A small net with an initializer and a constant node so large that they are
// read where they lie in the file.
NetBuilder NetOfLargeData();

// Names of values of the first and all operators.
ChangeWords WordsOfEverything();

// Opens the bytes and, as far as that goes, compiles all layers, runs them and
// goes back from the last, within 256 MiB of tensors. True when all of that was
// done. Neither crashes nor throws, whatever the bytes are.
bool TryNetwork(const std::string& bytes);

}  // namespace phosphene
