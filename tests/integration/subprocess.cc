#include "tests/integration/subprocess.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

namespace phosphene {

Subprocess::Subprocess(const std::vector<std::string>& arguments,
                       const std::string& stderr_file)
    : stderr_file_(stderr_file) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) ::abort();
  const int log = ::open(stderr_file.c_str(),
                         O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  ::close(log);
  out_ = ends[0];
}

Subprocess::~Subprocess() {
  Signal(SIGKILL);
  Wait();
  ::close(out_);
}

std::string Subprocess::ReadLine() {
  std::string line;
  char c;
  while (::read(out_, &c, 1) == 1 && c != '\n') line += c;
  return line;
}

std::string Subprocess::ReadAll() {
  std::string text;
  char piece[4096];
  for (ssize_t n; (n = ::read(out_, piece, sizeof(piece))) > 0;)
    text.append(piece, n);
  return text;
}

void Subprocess::Signal(int signal) {
  if (status_ < 0) ::kill(pid_, signal);
}

int Subprocess::Wait() {
  if (status_ < 0) {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return status_;
}

std::string Subprocess::ReadStderr() const {
  std::ifstream file(stderr_file_);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace phosphene
