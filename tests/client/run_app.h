#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/app.h"

namespace phosphene::client {

// A run of the program: what it wrote and how it ended.
struct AppRun {
  int exit_code = 0;
  std::string out;
  std::string err;
};

inline AppRun RunCli(const std::vector<std::string>& arguments) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  AppRun run;
  run.exit_code = RunApp(arguments);
  run.out = testing::internal::GetCapturedStdout();
  run.err = testing::internal::GetCapturedStderr();
  return run;
}

}  // namespace phosphene::client
