#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace phosphene::client {

// A word as a POSIX shell reads it back: as it is where that is safe, else in
// single quotes.
std::string ShellQuoted(absl::string_view word);

// Words quoted and joined.
std::string ShellLine(const std::vector<std::string>& words);

// The words of such a line; single and double quotes and backslashes as a shell
// reads them, nothing else (no variables, no patterns). An unfinished quote
// ends with the line.
std::vector<std::string> ShellWords(absl::string_view line);

// Flags ("--size", "-o") that are left out of a command line.
struct LeftOut {
  std::set<std::string> alone;       // take no value
  std::set<std::string> with_value;  // the next word, or behind "="
};

// The arguments without those flags and their values.
std::vector<std::string> WithoutFlags(const std::vector<std::string>& arguments,
                                      const LeftOut& flags);

}  // namespace phosphene::client
