#pragma once

#include <string>
#include <vector>

#include "server/jobs/filter.h"
#include "server/jobs/sqlite_db.h"

namespace phosphene {

// A condition over the table `job`, and the values of its `?`s, which borrow
// from the filter it was made of.
struct SqlCondition {
  std::string sql;  // "TRUE" when the filter is empty
  std::vector<SqlValue> values;
};

// Holds for the rows of jobs that Match the filter. `filter` must outlive the
// result.
SqlCondition ToSql(const JobFilter& filter);

}  // namespace phosphene
