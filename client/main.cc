// The `phosphene` command.

#include <string>
#include <vector>

#include "client/app.h"

int main(int argc, char** argv) {
  return phosphene::client::RunApp(
      std::vector<std::string>(argv + 1, argv + argc));
}
