#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"

namespace phosphene::client {

// Whether standard error is a terminal: then bars and pictures are drawn.
bool ErrorIsTerminal();

// Whether standard output is a terminal.
bool OutputIsTerminal();
// Whether someone can be asked: standard input and error are terminals.
bool CanAsk();
// Columns of the terminal, 80 when unknown.
int TerminalColumns();

// Reads single keys, unechoed, while it lives; restores the terminal.
class KeyReader {
 public:
  KeyReader();
  ~KeyReader();
  KeyReader(const KeyReader&) = delete;
  KeyReader& operator=(const KeyReader&) = delete;
  // The next key, or nothing in time (or at the end of input, or on a signal).
  std::optional<char> Read(absl::Duration timeout);

 private:
  struct Saved;
  Saved* saved_;
};

}  // namespace phosphene::client
