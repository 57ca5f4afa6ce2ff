#pragma once

#include <cstdint>
#include <string>

namespace phosphene {

// Room on a disk that is kept for the moment when there is none left: a file of
// nothing, given back so that whoever makes room can write that down.
// Thread-compatible.
class DiskReserve {
 public:
  DiskReserve(std::string path, int64_t bytes);

  // Takes the room unless it is held; where the disk is too full for that,
  // nothing happens.
  void Hold();
  // Gives it back; false when none was held.
  bool Release();

 private:
  const std::string path_;
  const int64_t bytes_;
  bool held_ = false;
};

}  // namespace phosphene
