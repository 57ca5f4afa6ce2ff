#pragma once

// The precompiled header of everything that speaks the API without torch: the
// generated messages and stubs, Abseil and what of the standard library nearly
// every file uses. Parsing them took four fifths of such a file's compilation.
// No file relies on it: each includes what it uses.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "phosphene/v1/blob_service.grpc.pb.h"
#include "phosphene/v1/config.pb.h"
#include "phosphene/v1/job_service.grpc.pb.h"
#include "phosphene/v1/model_service.grpc.pb.h"
#include "phosphene/v1/system_service.grpc.pb.h"
