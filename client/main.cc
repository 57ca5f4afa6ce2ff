#include <csignal>
#include <string>
#include <vector>

#include "client/app.h"

int main(int argc, char** argv) {
  // A reader of ours that goes away (`phosphene ... | head`) is no crash.
  std::signal(SIGPIPE, SIG_IGN);
  return phosphene::client::RunApp(
      std::vector<std::string>(argv + 1, argv + argc));
}
