// A pool of reading connections.

#include "server/jobs/sqlite_readers.h"

namespace phosphene {

absl::StatusOr<std::unique_ptr<SqliteReaders>> SqliteReaders::Open(
    const std::string& path, int count) {
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < count; ++i) {
    ASSIGN_OR_RETURN(std::unique_ptr<SqliteDb> db, SqliteDb::OpenReader(path));
    readers.push_back(std::make_unique<Reader>(std::move(db)));
  }
  return std::unique_ptr<SqliteReaders>(new SqliteReaders(std::move(readers)));
}

SqliteReaders::SqliteReaders(std::vector<std::unique_ptr<Reader>> readers)
    : readers_(std::move(readers)) {
  for (const auto& reader : readers_) free_.push_back(reader.get());
}

SqliteReaders::Reader* SqliteReaders::Take() {
  MutexLock lock(&mu_);
  while (free_.empty()) returned_.Wait(&mu_);
  Reader* const reader = free_.back();
  free_.pop_back();
  return reader;
}

void SqliteReaders::Return(Reader* reader) {
  {
    MutexLock lock(&mu_);
    free_.push_back(reader);
  }
  returned_.Signal();
}

}  // namespace phosphene
