#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "server/base/mutex.h"
#include "server/base/status_macros.h"
#include "server/jobs/sqlite_db.h"
#include "server/jobs/sqlite_job_table.h"

namespace phosphene {

// A few connections that only read: a reader waits for no writer, and at most
// for other readers. Thread-safe.
class SqliteReaders {
 public:
  // Of a database the writer has open; to be destroyed before that.
  static absl::StatusOr<std::unique_ptr<SqliteReaders>> Open(
      const std::string& path, int count);

  // Runs `work`, a function of a SqliteJobTable& that answers a Status or
  // StatusOr, on one state of the database: the newest.
  template <typename Work>
  auto Read(const Work& work)
      -> decltype(work(std::declval<SqliteJobTable&>())) {
    const Lease lease(*this);
    SqliteTransaction transaction(lease.reader().table.db());
    RETURN_IF_ERROR(transaction.BeginReading());
    auto result = work(lease.reader().table);
    (void)transaction.Commit();
    return result;
  }

 private:
  struct Reader {
    explicit Reader(std::unique_ptr<SqliteDb> opened)
        : db(std::move(opened)), table(*db) {}
    std::unique_ptr<SqliteDb> db;
    SqliteJobTable table;
  };
  // A reader for one caller, until it goes.
  class Lease {
   public:
    explicit Lease(SqliteReaders& readers)
        : readers_(readers), reader_(readers.Take()) {}
    ~Lease() { readers_.Return(reader_); }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Reader& reader() const { return *reader_; }

   private:
    SqliteReaders& readers_;
    Reader* const reader_;
  };

  explicit SqliteReaders(std::vector<std::unique_ptr<Reader>> readers);
  Reader* Take();
  void Return(Reader* reader);

  const std::vector<std::unique_ptr<Reader>> readers_;
  Mutex mu_;
  CondVar returned_;
  std::vector<Reader*> free_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
