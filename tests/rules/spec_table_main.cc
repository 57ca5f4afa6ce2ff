// Prints docs/spec.md.
#include <cstdio>

#include "tests/rules/spec_table.h"

int main() {
  std::fputs(phosphene::SpecTable().c_str(), stdout);
  return 0;
}
