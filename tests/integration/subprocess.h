#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace phosphene {

// A program started by a test; killed with the object. Its stdout is a pipe,
// its stderr a file.
class Subprocess {
 public:
  // `arguments` begins with the program's path.
  Subprocess(const std::vector<std::string>& arguments,
             const std::string& stderr_file);
  ~Subprocess();
  Subprocess(const Subprocess&) = delete;
  Subprocess& operator=(const Subprocess&) = delete;

  // The next line of its stdout, "" when it has closed it.
  std::string ReadLine();
  // All that is left of it.
  std::string ReadAll();
  void Signal(int signal);
  // Waits for its end: the exit status, or 128 + the signal that ended it.
  int Wait();
  std::string ReadStderr() const;
  pid_t pid() const { return pid_; }

 private:
  const std::string stderr_file_;
  pid_t pid_ = -1;
  int out_ = -1;
  int status_ = -1;
};

}  // namespace phosphene
