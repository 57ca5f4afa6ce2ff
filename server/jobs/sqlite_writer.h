#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/base/mutex.h"
#include "server/jobs/disk_reserve.h"
#include "server/jobs/job_store.h"
#include "server/jobs/outbox.h"
#include "server/jobs/sqlite_db.h"
#include "server/jobs/sqlite_job_table.h"

namespace phosphene {

// What a write works with: the tables, and the changes to tell the listener of
// once they are durable.
struct SqliteWrite {
  SqliteJobTable& table;
  std::vector<StoredJob>& changes;
};

// The one connection that writes. Writes are whole or not at all, each by
// itself; those that wait for the connection at the same moment share one
// commit, which is what costs. Thread-safe.
class SqliteWriter {
 public:
  using Work = std::function<absl::Status(SqliteWrite&)>;
  enum class Disk {
    kAsItIs,
    // The write makes room, or is needed to: on a full disk it may use the
    // reserve.
    kMayUseReserve,
  };

  // The outbox must outlive this. The reserve is a file at `reserve_path`.
  SqliteWriter(std::unique_ptr<SqliteDb> db, std::string reserve_path,
               Outbox& outbox);

  // Runs `work` and commits what it wrote unless it fails; then the listener
  // hears of its changes. `work` may run more than once, each time on what was
  // committed before; what it calls for must not depend on the last time.
  absl::Status Run(const Work& work, Disk disk = Disk::kAsItIs);

 private:
  struct Item {
    const Work* work;
    Disk disk;
    std::vector<StoredJob> changes;
    absl::Status status;
    bool done = false;
  };
  // Runs all that wait.
  void RunWaiting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // In one transaction; false when that failed as a whole and nothing was done.
  bool RunTogether(const std::vector<Item*>& items)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status RunAlone(Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RunWithReserve(Item& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  Outbox& outbox_;

  Mutex waiting_mu_;
  std::vector<Item*> waiting_ ABSL_GUARDED_BY(waiting_mu_);

  Mutex mu_;  // taken before waiting_mu_
  const std::unique_ptr<SqliteDb> db_ ABSL_PT_GUARDED_BY(mu_);
  SqliteJobTable table_ ABSL_GUARDED_BY(mu_);
  DiskReserve reserve_ ABSL_GUARDED_BY(mu_);
};

}  // namespace phosphene
