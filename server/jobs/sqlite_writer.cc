// Commits the writes of many threads, those that wait together at once.

#include "server/jobs/sqlite_writer.h"

#include <utility>

#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// What the write-ahead log may hold that the database file has no room for yet:
// SQLite's thousand pages, and the largest write.
constexpr int64_t kReserveBytes = int64_t{8} << 20;

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<SqliteDb> db,
                           std::string reserve_path, Outbox& outbox)
    : outbox_(outbox),
      db_(std::move(db)),
      table_(*db_),
      reserve_(std::move(reserve_path), kReserveBytes) {
  reserve_.Hold();
}

absl::Status SqliteWriter::Run(const Work& work, Disk disk) {
  Item item{&work, disk, {}, absl::OkStatus()};
  {
    MutexLock lock(&waiting_mu_);
    waiting_.push_back(&item);
  }
  {
    // Whoever gets here first works for all who came before that.
    MutexLock lock(&mu_);
    if (!item.done) RunWaiting();
  }
  outbox_.Deliver();
  return item.status;
}

void SqliteWriter::RunWaiting() {
  std::vector<Item*> items;
  {
    MutexLock lock(&waiting_mu_);
    items.swap(waiting_);
  }
  const bool together = items.size() > 1 && RunTogether(items);
  for (Item* item : items) {
    if (!together) RunWithReserve(*item);
    item->done = true;
    if (!item->status.ok()) continue;
    for (StoredJob& change : item->changes) outbox_.Push(std::move(change));
  }
}

bool SqliteWriter::RunTogether(const std::vector<Item*>& items) {
  SqliteTransaction transaction(*db_);
  if (!transaction.Begin().ok()) return false;
  for (Item* item : items) {
    SqliteSavepoint savepoint(*db_);
    if (!savepoint.Begin().ok()) return false;
    item->changes.clear();
    SqliteWrite write{table_, item->changes};
    item->status = (*item->work)(write);
    // A full disk or a broken one undoes more than the write that met it.
    if (!db_->in_transaction()) return false;
    if (item->disk == Disk::kMayUseReserve &&
        absl::IsResourceExhausted(item->status)) {
      return false;
    }
    if (item->status.ok() && !savepoint.Keep().ok()) return false;
  }
  return transaction.Commit().ok();
}

absl::Status SqliteWriter::RunAlone(Item& item) {
  SqliteTransaction transaction(*db_);
  RETURN_IF_ERROR(transaction.Begin());
  item.changes.clear();
  SqliteWrite write{table_, item.changes};
  RETURN_IF_ERROR((*item.work)(write));
  return transaction.Commit();
}

void SqliteWriter::RunWithReserve(Item& item) {
  item.status = RunAlone(item);
  if (item.disk != Disk::kMayUseReserve) return;
  if (absl::IsResourceExhausted(item.status) && reserve_.Release()) {
    // The log goes into the file, which may grow by as much as the log then
    // gives back: room for this write, and for the reserve again.
    (void)db_->ExecuteScript("PRAGMA wal_checkpoint(TRUNCATE)");
    item.status = RunAlone(item);
  }
  reserve_.Hold();
}

}  // namespace phosphene
