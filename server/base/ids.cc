// Ids and names: random ones, and what each kind may look like.
#include "server/base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "server/base/log.h"

namespace phosphene {
namespace {

// 32 characters without 0/o, 1/l; letters first, so that an index below 16 is
// one.
constexpr absl::string_view kAlphabet = "abcdefghijkmnpqrstuvwxyz23456789";
static_assert(kAlphabet.size() == 32);

}  // namespace

std::string RandomId(int length) {
  std::vector<unsigned char> random(length);
  // Asks for at most 256 bytes at once, which getrandom never cuts short.
  for (size_t done = 0; done < random.size();) {
    const size_t part = std::min<size_t>(256, random.size() - done);
    PHOSPHENE_CHECK(getrandom(random.data() + done, part, 0) ==
                    static_cast<ssize_t>(part));
    done += part;
  }
  std::string id;
  for (const unsigned char byte : random) {
    id += kAlphabet[id.empty() ? byte % 16 : byte % 32];
  }
  return id;
}

bool IsJobId(absl::string_view id) {
  if (id.empty() || id.size() > 63 || !absl::ascii_islower(id[0])) return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
  });
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

bool IsPlainName(absl::string_view name) {
  const auto letter_or_digit = [](char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c);
  };
  return !name.empty() && name.size() <= 63 && letter_or_digit(name[0]) &&
         std::all_of(name.begin(), name.end(), [&](char c) {
           return letter_or_digit(c) || c == '_' || c == '-' || c == '.';
         });
}

bool IsBlobName(absl::string_view name) {
  constexpr absl::string_view kPrefix = "blobs/";
  return name.size() == kPrefix.size() + 64 &&
         name.substr(0, kPrefix.size()) == kPrefix &&
         std::all_of(name.begin() + kPrefix.size(), name.end(), [](char c) {
           return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
         });
}

}  // namespace phosphene
