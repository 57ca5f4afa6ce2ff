#pragma once

#include <string>
#include <vector>

namespace phosphene::client {

// The whole program: parses `arguments` (without the program's name), runs
// the command, writes results and errors. Answers the exit code.
int RunApp(const std::vector<std::string>& arguments);

}  // namespace phosphene::client
