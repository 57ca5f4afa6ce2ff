#pragma once

#include <charconv>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace phosphene {

// Text built of words and numbers, the same under every locale: what printf
// and streams are too slow for at millions of lines. A float gets the fewest
// digits that read back to the same bits (std::to_chars). Thread-compatible.
class TextOut {
 public:
  TextOut& operator<<(absl::string_view text) {
    text_.append(text.data(), text.size());
    return *this;
  }
  TextOut& operator<<(char letter) {
    text_.push_back(letter);
    return *this;
  }
  TextOut& operator<<(float value) { return Number(value); }
  TextOut& operator<<(double value) { return Number(value); }
  TextOut& operator<<(uint64_t value) { return Number(value); }
  TextOut& operator<<(uint32_t value) { return Number(value); }
  TextOut& operator<<(int value) { return Number(value); }

  void reserve(size_t bytes) { text_.reserve(bytes); }
  std::string Take() && { return std::move(text_); }

 private:
  template <typename T>
  TextOut& Number(T value) {
    char digits[40];  // the longest double has 24 characters
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    text_.append(digits, end.ptr);
    return *this;
  }

  std::string text_;
};

}  // namespace phosphene
