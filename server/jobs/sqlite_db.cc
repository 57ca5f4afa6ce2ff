// SQLite behind absl::Status: connections, statements, transactions.

#include "server/jobs/sqlite_db.h"

#include "absl/strings/str_cat.h"
#include "server/base/log.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

// Statements kept prepared. Filters make others; all are dropped then.
constexpr size_t kMaxStatements = 200;
constexpr int kBusyMillis = 5000;

absl::StatusCode CodeOf(int result) {
  // No room for the index of the write-ahead log.
  if (result == SQLITE_IOERR_SHMSIZE) {
    return absl::StatusCode::kResourceExhausted;
  }
  switch (result & 0xff) {
    case SQLITE_FULL:
      return absl::StatusCode::kResourceExhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::StatusCode::kDataLoss;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return absl::StatusCode::kUnavailable;
    default:
      return absl::StatusCode::kInternal;
  }
}

}  // namespace

int64_t SqlRow::Int(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string SqlRow::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? ""
                          : std::string(static_cast<const char*>(bytes), size);
}

absl::StatusOr<std::unique_ptr<SqliteDb>> SqliteDb::Open(
    const std::string& path) {
  sqlite3* handle = nullptr;
  // Serialized by the caller, so SQLite's own mutexes are not needed.
  const int result = sqlite3_open_v2(
      path.c_str(), &handle,
      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
      nullptr);
  std::unique_ptr<SqliteDb> db(new SqliteDb(handle));
  if (result != SQLITE_OK) return db->Error(absl::StrCat("open ", path));
  sqlite3_extended_result_codes(handle, 1);
  // Another program may read the file for a moment.
  sqlite3_busy_timeout(handle, kBusyMillis);
  RETURN_IF_ERROR(
      db->ExecuteScript("PRAGMA journal_mode = WAL;"
                        "PRAGMA synchronous = FULL;"
                        "PRAGMA journal_size_limit = 67108864;"
                        "PRAGMA temp_store = MEMORY;"));
  return db;
}

absl::StatusOr<std::unique_ptr<SqliteDb>> SqliteDb::OpenReader(
    const std::string& path) {
  sqlite3* handle = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<SqliteDb> db(new SqliteDb(handle));
  if (result != SQLITE_OK) return db->Error(absl::StrCat("open ", path));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyMillis);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  RETURN_IF_ERROR(db->ExecuteScript("PRAGMA temp_store = MEMORY;"));
  return db;
}

SqliteDb::~SqliteDb() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

absl::Status SqliteDb::Error(absl::string_view action) const {
  return absl::Status(
      CodeOf(sqlite3_errcode(handle_)),
      absl::StrCat("job store: ", action, ": ", sqlite3_errmsg(handle_)));
}

absl::StatusOr<sqlite3_stmt*> SqliteDb::Prepare(absl::string_view sql) {
  const auto it = statements_.find(std::string(sql));
  if (it != statements_.end()) return it->second;
  if (statements_.size() >= kMaxStatements) {
    for (const auto& [text, statement] : statements_) {
      sqlite3_finalize(statement);
    }
    statements_.clear();
  }
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(handle_, sql.data(), sql.size(), &statement,
                         nullptr) != SQLITE_OK) {
    return Error(absl::StrCat("prepare \"", sql, "\""));
  }
  statements_.emplace(sql, statement);
  return statement;
}

absl::Status SqliteDb::Select(
    absl::string_view sql, const SqlValue* values, size_t count,
    const std::function<absl::Status(const SqlRow&)>& visit) {
  ASSIGN_OR_RETURN(sqlite3_stmt * statement, Prepare(sql));
  // A statement is never in use twice: visitors run no SQL.
  PHOSPHENE_CHECK(sqlite3_stmt_busy(statement) == 0);
  for (size_t i = 0; i < count; ++i) {
    const SqlValue& value = values[i];
    const int at = static_cast<int>(i) + 1;
    const char* data = value.text_.data() == nullptr ? "" : value.text_.data();
    if (value.kind_ == SqlValue::Kind::kNumber) {
      sqlite3_bind_int64(statement, at, value.number_);
    } else if (value.kind_ == SqlValue::Kind::kText) {
      sqlite3_bind_text64(statement, at, data, value.text_.size(),
                          SQLITE_STATIC, SQLITE_UTF8);
    } else {
      sqlite3_bind_blob64(statement, at, data, value.text_.size(),
                          SQLITE_STATIC);
    }
  }
  absl::Status status;
  int result;
  while ((result = sqlite3_step(statement)) == SQLITE_ROW && status.ok()) {
    status = visit(SqlRow(statement));
  }
  if (status.ok() && result != SQLITE_DONE) status = Error("run");
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return status;
}

absl::Status SqliteDb::Select(
    absl::string_view sql, Values values,
    const std::function<absl::Status(const SqlRow&)>& visit) {
  return Select(sql, values.begin(), values.size(), visit);
}

absl::StatusOr<int64_t> SqliteDb::Execute(absl::string_view sql,
                                          Values values) {
  RETURN_IF_ERROR(
      Select(sql, values, [](const SqlRow&) { return absl::OkStatus(); }));
  return sqlite3_changes64(handle_);
}

absl::Status SqliteDb::ExecuteScript(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) ==
      SQLITE_OK) {
    return absl::OkStatus();
  }
  return Error("run");
}

bool SqliteDb::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

SqliteTransaction::~SqliteTransaction() {
  // SQLite rolls some failed transactions back by itself: then this is an
  // error that means nothing.
  if (open_ && db_.in_transaction()) (void)db_.ExecuteScript("ROLLBACK");
}

absl::Status SqliteTransaction::Begin() {
  RETURN_IF_ERROR(db_.Execute("BEGIN IMMEDIATE").status());
  open_ = true;
  return absl::OkStatus();
}

absl::Status SqliteTransaction::BeginReading() {
  RETURN_IF_ERROR(db_.Execute("BEGIN").status());
  open_ = true;
  return absl::OkStatus();
}

absl::Status SqliteTransaction::Commit() {
  RETURN_IF_ERROR(db_.Execute("COMMIT").status());
  open_ = false;
  return absl::OkStatus();
}

SqliteSavepoint::~SqliteSavepoint() {
  if (!open_ || !db_.in_transaction()) return;
  (void)db_.ExecuteScript("ROLLBACK TO part; RELEASE part");
}

absl::Status SqliteSavepoint::Begin() {
  RETURN_IF_ERROR(db_.Execute("SAVEPOINT part").status());
  open_ = true;
  return absl::OkStatus();
}

absl::Status SqliteSavepoint::Keep() {
  RETURN_IF_ERROR(db_.Execute("RELEASE part").status());
  open_ = false;
  return absl::OkStatus();
}

}  // namespace phosphene
