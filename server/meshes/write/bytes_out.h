#pragma once

#include <bit>
#include <cstring>
#include <string>
#include <type_traits>

namespace phosphene {

static_assert(std::endian::native == std::endian::little,
              "values are written as they lie in memory");

// Appends a number or plain struct without gaps, little-endian.
template <typename T>
void AppendBytes(const T& value, std::string* out) {
  static_assert(std::is_trivially_copyable_v<T>);
  out->append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace phosphene
