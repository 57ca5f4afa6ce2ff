// A private `phosphened` for one command.

#include "client/remote/local_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

namespace fs = std::filesystem;

constexpr absl::Duration kPoll = absl::Milliseconds(10);

// Whether something accepts on the socket.
bool Accepts(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool ok =
      connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return ok;
}

// In the child: what must be done before the server takes over. Only
// async-signal-safe calls.
[[noreturn]] void BecomeServer(const std::vector<char*>& argv, const char* log,
                               pid_t parent) {
  // A group of its own: Ctrl-C in the terminal is the client's to answer.
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) _exit(1);
  const int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int null = open("/dev/null", O_RDWR);
  dup2(null, STDIN_FILENO);
  dup2(null, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  execv(argv[0], argv.data());
  const char* why = std::strerror(errno);
  (void)!write(STDERR_FILENO, why, std::strlen(why));
  _exit(127);
}

}  // namespace

absl::StatusOr<std::string> FindServerProgram() {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> candidates;
  if (!error) candidates.push_back(self.parent_path() / "phosphened");
  const char* path = std::getenv("PATH");
  for (absl::string_view folder :
       absl::StrSplit(path == nullptr ? "" : path, ':')) {
    if (!folder.empty())
      candidates.push_back(fs::path(std::string(folder)) / "phosphened");
  }
  for (const fs::path& candidate : candidates) {
    if (access(candidate.c_str(), X_OK) == 0 &&
        fs::is_regular_file(candidate, error)) {
      return candidate.string();
    }
  }
  return absl::NotFoundError(
      absl::StrCat("--local: no `phosphened` beside this program (",
                   self.parent_path().string(), ") nor in PATH"));
}

absl::StatusOr<std::unique_ptr<LocalServer>> LocalServer::Start(
    Options options) {
  if (options.program.empty()) {
    ASSIGN_OR_RETURN(options.program, FindServerProgram());
  }
  std::unique_ptr<LocalServer> server(new LocalServer(std::move(options)));
  RETURN_IF_ERROR(server->Launch());
  RETURN_IF_ERROR(server->WaitUntilServing());
  return server;
}

absl::Status LocalServer::Launch() {
  std::error_code error;
  folder_ = (fs::temp_directory_path(error) / "phosphene-XXXXXX").string();
  if (mkdtemp(folder_.data()) == nullptr) {
    const int why = errno;
    return absl::FailedPreconditionError(
        absl::StrCat("--local: cannot make a folder in the temporary folder: ",
                     std::strerror(why)));
  }
  const std::string socket_path = absl::StrCat(folder_, "/socket");
  if (socket_path.size() >= sizeof(sockaddr_un{}.sun_path)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--local: the path of the temporary folder is too long for a socket: ",
        folder_));
  }
  address_ = absl::StrCat("unix:", socket_path);
  const std::string log = absl::StrCat(folder_, "/log");
  std::vector<std::string> arguments = {
      options_.program, "--listen", address_, "--http", "off",
      "--log-level",    "warn"};
  if (!options_.data.empty()) {
    arguments.push_back("--data");
    arguments.push_back(options_.data);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ == 0) BecomeServer(argv, log.c_str(), parent);
  if (pid_ < 0) {
    return absl::ResourceExhaustedError(
        absl::StrCat("--local: fork: ", std::strerror(errno)));
  }
  return absl::OkStatus();
}

absl::Status LocalServer::WaitUntilServing() {
  const absl::Time deadline = absl::Now() + options_.start_timeout;
  const std::string socket_path(absl::StripPrefix(address_, "unix:"));
  while (!Accepts(socket_path)) {
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return Explain("phosphened did not start");
    }
    if (absl::Now() > deadline) {
      return Explain(
          absl::StrCat("phosphened did not answer within ",
                       absl::FormatDuration(options_.start_timeout)));
    }
    absl::SleepFor(kPoll);
  }
  return absl::OkStatus();
}

std::string LocalServer::LastWords() const {
  std::ifstream file(absl::StrCat(folder_, "/log"));
  std::stringstream text;
  text << file.rdbuf();
  std::vector<std::string> lines =
      absl::StrSplit(text.str(), '\n', absl::SkipEmpty());
  constexpr size_t kLines = 5;
  if (lines.size() > kLines) lines.erase(lines.begin(), lines.end() - kLines);
  return absl::StrJoin(lines, "\n  ");
}

absl::Status LocalServer::Explain(absl::string_view what) const {
  const std::string words = LastWords();
  std::string message = absl::StrCat("--local: ", what);
  if (!words.empty()) absl::StrAppend(&message, ":\n  ", words);
  // Told by the lock of the data folder.
  if (absl::StrContains(words, "another phosphened") ||
      absl::StrContains(words, "lock")) {
    absl::StrAppend(&message,
                    "\nAnother server has this data folder open: leave --local "
                    "away to use that "
                    "one, or name another folder with --data DIR.");
  }
  return absl::UnavailableError(message);
}

absl::Status LocalServer::Stop() {
  if (pid_ < 0) return absl::OkStatus();
  const pid_t pid = std::exchange(pid_, -1);
  int status = 0;
  if (waitpid(pid, &status, WNOHANG) == pid)
    return Explain("phosphened ended by itself");
  kill(pid, SIGTERM);
  const absl::Time deadline = absl::Now() + options_.stop_timeout;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (absl::Now() > deadline) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
      return Explain("phosphened did not stop and was killed");
    }
    absl::SleepFor(kPoll);
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return absl::OkStatus();
  return Explain("phosphened ended badly");
}

LocalServer::~LocalServer() {
  Stop().IgnoreError();
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

}  // namespace phosphene::client
