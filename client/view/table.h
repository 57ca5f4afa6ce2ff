#pragma once

#include <string>
#include <vector>

namespace phosphene::client {

// Rows of text in aligned columns, a heading first; numbers to the right.
class Table {
 public:
  // A heading that begins with '>' aligns its column right (the '>' is not
  // shown).
  explicit Table(std::vector<std::string> headings);
  // As many cells as headings. Control characters become spaces.
  void Add(std::vector<std::string> cells);
  // The lines, each ended by '\n', no blanks at their ends.
  std::string Text() const;

 private:
  std::vector<bool> right_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace phosphene::client
