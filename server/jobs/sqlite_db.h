#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <type_traits>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace phosphene {

// A value bound to a `?` of a statement. Text and bytes are borrowed for the
// duration of the call.
class SqlValue {
 public:
  template <
      typename T,
      std::enable_if_t<std::is_integral_v<T> || std::is_enum_v<T>, int> = 0>
  SqlValue(T number)  // NOLINT: implicit, so that calls read as lists
      : number_(static_cast<int64_t>(number)) {}
  SqlValue(absl::string_view text)
      : kind_(Kind::kText), text_(text) {}  // NOLINT
  SqlValue(const std::string& text)
      : SqlValue(absl::string_view(text)) {}                         // NOLINT
  SqlValue(const char* text) : SqlValue(absl::string_view(text)) {}  // NOLINT
  static SqlValue Bytes(absl::string_view bytes) {
    SqlValue value(bytes);
    value.kind_ = Kind::kBytes;
    return value;
  }

 private:
  friend class SqliteDb;
  enum class Kind { kNumber, kText, kBytes };
  Kind kind_ = Kind::kNumber;
  int64_t number_ = 0;
  absl::string_view text_;
};

// A row of a result; valid during the visit.
class SqlRow {
 public:
  int64_t Int(int column) const;
  std::string Text(int column) const;  // or bytes

 private:
  friend class SqliteDb;
  explicit SqlRow(sqlite3_stmt* statement) : statement_(statement) {}
  sqlite3_stmt* const statement_;
};

// A connection to a database file in WAL mode with synchronous=FULL. One
// connection alone writes and checkpoints (releases before 3.51.3 can lose
// commits when two do, docs/adr/0008-job-store.md); others only read: each sees
// what was committed when its transaction began, and none waits for another.
// Statements are prepared once. Errors: RESOURCE_EXHAUSTED the disk is full,
// DATA_LOSS the file is damaged, UNAVAILABLE it cannot be written or read,
// INTERNAL. Thread-compatible.
class SqliteDb {
 public:
  // Opens or makes the file, for the one who writes.
  static absl::StatusOr<std::unique_ptr<SqliteDb>> Open(
      const std::string& path);
  // Opens a file the writer has open, for reading; never checkpoints. To be
  // closed before the writer.
  static absl::StatusOr<std::unique_ptr<SqliteDb>> OpenReader(
      const std::string& path);
  ~SqliteDb();  // the writer's checkpoints
  SqliteDb(const SqliteDb&) = delete;
  SqliteDb& operator=(const SqliteDb&) = delete;

  using Values = std::initializer_list<SqlValue>;
  // Runs a statement; returns the rows it changed.
  absl::StatusOr<int64_t> Execute(absl::string_view sql, Values values = {});
  // Runs a query; `visit` is called for each row until it fails.
  absl::Status Select(absl::string_view sql, Values values,
                      const std::function<absl::Status(const SqlRow&)>& visit);
  // As Select, with values made at run time.
  absl::Status Select(absl::string_view sql, const SqlValue* values,
                      size_t count,
                      const std::function<absl::Status(const SqlRow&)>& visit);
  // Runs several statements without values.
  absl::Status ExecuteScript(const std::string& sql);
  // Whether a transaction is open; SQLite ends some that failed by itself.
  bool in_transaction() const;

 private:
  explicit SqliteDb(sqlite3* handle) : handle_(handle) {}
  absl::Status Error(absl::string_view action) const;
  absl::StatusOr<sqlite3_stmt*> Prepare(absl::string_view sql);

  sqlite3* const handle_;
  std::unordered_map<std::string, sqlite3_stmt*> statements_;
};

// A transaction; rolled back unless committed.
class SqliteTransaction {
 public:
  explicit SqliteTransaction(SqliteDb& db) : db_(db) {}
  ~SqliteTransaction();
  // For writing, or to read one state of the database in several statements.
  absl::Status Begin();
  absl::Status BeginReading();
  absl::Status Commit();

 private:
  SqliteDb& db_;
  bool open_ = false;
};

// A part of a transaction; undone, and that alone, unless kept.
class SqliteSavepoint {
 public:
  explicit SqliteSavepoint(SqliteDb& db) : db_(db) {}
  ~SqliteSavepoint();
  absl::Status Begin();
  absl::Status Keep();

 private:
  SqliteDb& db_;
  bool open_ = false;
};

}  // namespace phosphene
