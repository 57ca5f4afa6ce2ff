#pragma once

#include <string>

namespace phosphene {

// docs/spec.md: every field of a spec and of a network's config, with type,
// what it may hold, default, unit and the first sentence of its comment, as
// Markdown. Made from the proto files alone.
std::string SpecTable();

}  // namespace phosphene
