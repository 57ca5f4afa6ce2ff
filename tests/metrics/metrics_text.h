#pragma once

#include <prometheus/collectable.h>
#include <prometheus/text_serializer.h>

#include <string>

namespace phosphene {

// What Prometheus would read.
inline std::string TextOf(const prometheus::Collectable& collectable) {
  return prometheus::TextSerializer().Serialize(collectable.Collect());
}

}  // namespace phosphene
