#pragma once

#include "absl/status/status.h"
#include "server/jobs/sqlite_db.h"

namespace phosphene {

// Version of the tables this program writes.
inline constexpr int kSqliteSchemaVersion = 2;

// Makes the tables, or brings those of an older version up to date, in one
// transaction. FAILED_PRECONDITION: they are of a newer program.
absl::Status PrepareSqliteSchema(SqliteDb& db);

}  // namespace phosphene
