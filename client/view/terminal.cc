// The terminal: is there one, how wide, and single keys.

#include "client/view/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace phosphene::client {

bool ErrorIsTerminal() { return isatty(STDERR_FILENO) == 1; }

bool OutputIsTerminal() { return isatty(STDOUT_FILENO) == 1; }

bool CanAsk() { return isatty(STDIN_FILENO) == 1 && ErrorIsTerminal(); }

int TerminalColumns() {
  winsize size{};
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

struct KeyReader::Saved {
  termios settings;
};

KeyReader::KeyReader() : saved_(nullptr) {
  termios settings{};
  if (tcgetattr(STDIN_FILENO, &settings) != 0) return;
  saved_ = new Saved{settings};
  settings.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &settings);
}

KeyReader::~KeyReader() {
  if (saved_ == nullptr) return;
  tcsetattr(STDIN_FILENO, TCSANOW, &saved_->settings);
  delete saved_;
}

std::optional<char> KeyReader::Read(absl::Duration timeout) {
  pollfd wait{STDIN_FILENO, POLLIN, 0};
  if (poll(&wait, 1, static_cast<int>(absl::ToInt64Milliseconds(timeout))) <=
      0) {
    return std::nullopt;
  }
  char key = 0;
  if (read(STDIN_FILENO, &key, 1) != 1) return std::nullopt;
  return key;
}

}  // namespace phosphene::client
