// Checks and repairs of UTF-8 (RFC 3629).

#include "server/base/utf8.h"

namespace phosphene {
namespace {

// Bytes of the character `text` begins with, 0 when that is none.
size_t CharacterLength(absl::string_view text) {
  const auto byte = [&](size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto tail = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  // Below C2: a tail, or an overlong form.
  if (first < 0xC2) return 0;
  if (first < 0xE0) return tail(1) ? 2 : 0;
  if (first < 0xF0) {
    if (first == 0xE0 && byte(1) < 0xA0) return 0;   // overlong
    if (first == 0xED && byte(1) >= 0xA0) return 0;  // surrogates
    return tail(1) && tail(2) ? 3 : 0;
  }
  if (first > 0xF4) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;   // overlong
  if (first == 0xF4 && byte(1) >= 0x90) return 0;  // above U+10FFFF
  return tail(1) && tail(2) && tail(3) ? 4 : 0;
}

}  // namespace

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string ToUtf8(absl::string_view text, size_t longest) {
  std::string out;
  size_t fits = 0;  // of `out` with "..." behind it
  while (!text.empty()) {
    const size_t length = CharacterLength(text);
    if (length == 0) {
      out += '?';
    } else {
      out.append(text.data(), length);
    }
    if (out.size() > longest) return out.substr(0, fits) + "...";
    if (out.size() + 3 <= longest) fits = out.size();
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace phosphene
