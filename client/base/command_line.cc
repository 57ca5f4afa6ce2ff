// Command lines as text, and back.

#include "client/base/command_line.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace phosphene::client {
namespace {

bool IsSafe(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
         absl::string_view("_@%+=:,./-").find(c) != absl::string_view::npos;
}

// Reads a quoted part that begins at `at`; answers where it ends.
size_t TakeQuoted(absl::string_view line, size_t at, std::string* word) {
  const char quote = line[at];
  for (++at; at < line.size() && line[at] != quote; ++at) {
    if (quote == '"' && line[at] == '\\' && at + 1 < line.size()) ++at;
    word->push_back(line[at]);
  }
  return at;
}

}  // namespace

std::string ShellQuoted(absl::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), IsSafe))
    return std::string(word);
  std::string out = "'";
  for (char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out.push_back(c);
    }
  }
  out.push_back('\'');
  return out;
}

std::string ShellLine(const std::vector<std::string>& words) {
  return absl::StrJoin(words, " ",
                       [](std::string* out, const std::string& word) {
                         out->append(ShellQuoted(word));
                       });
}

std::vector<std::string> ShellWords(absl::string_view line) {
  std::vector<std::string> words;
  std::string word;
  bool begun = false;
  for (size_t at = 0; at < line.size(); ++at) {
    const char c = line[at];
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      if (begun) words.push_back(std::move(word));
      word.clear();
      begun = false;
      continue;
    }
    begun = true;
    if (c == '\'' || c == '"') {
      at = TakeQuoted(line, at, &word);
    } else if (c == '\\' && at + 1 < line.size()) {
      word.push_back(line[++at]);
    } else {
      word.push_back(c);
    }
  }
  if (begun) words.push_back(std::move(word));
  return words;
}

std::vector<std::string> WithoutFlags(const std::vector<std::string>& arguments,
                                      const LeftOut& flags) {
  std::vector<std::string> out;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool is_long = absl::StartsWith(word, "--");
    const bool is_short = !is_long && word.size() > 1 && word[0] == '-';
    // A short flag may have its value right behind it: -ofile.
    const std::string flag = is_short  ? word.substr(0, 2)
                             : is_long ? word.substr(0, word.find('='))
                                       : "";
    if (flags.with_value.count(flag) > 0) {
      if (word == flag) ++i;
    } else if (flags.alone.count(flag) == 0) {
      out.push_back(word);
    }
  }
  return out;
}

}  // namespace phosphene::client
