// Filters as SQL conditions.

#include "server/jobs/sqlite_filter.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace phosphene {
namespace {

using Field = Comparison::Field;
using Op = Comparison::Op;

const char* SqlOp(Op op) {
  switch (op) {
    case Op::kNe:
      return "<>";
    case Op::kLt:
      return "<";
    case Op::kLe:
      return "<=";
    case Op::kGt:
      return ">";
    case Op::kGe:
      return ">=";
    default:
      return "=";
  }
}

// substr() counts characters.
int64_t CountCharacters(const std::string& text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (c & 0xC0) != 0x80; });
}

// `column` compared with the text; its value is appended.
std::string TextCondition(const char* column, const Comparison& comparison,
                          std::vector<SqlValue>& values) {
  if (comparison.op == Op::kPrefix) {
    values.emplace_back(CountCharacters(comparison.text));
    values.emplace_back(comparison.text);
    return absl::StrCat("substr(", column, ", 1, ?) = ?");
  }
  values.emplace_back(comparison.text);
  return absl::StrCat(column, " ", SqlOp(comparison.op), " ?");
}

std::string Condition(const Comparison& comparison,
                      std::vector<SqlValue>& values) {
  const bool present = comparison.op == Op::kPresent;
  if (comparison.field == Field::kLabel) {
    values.emplace_back(comparison.label_key);
    const std::string value =
        present ? ""
                : absl::StrCat(" AND ",
                               TextCondition("l.value", comparison, values));
    return absl::StrCat(
        "EXISTS (SELECT 1 FROM job_label l WHERE l.job = job.id AND l.key = ?",
        value, ")");
  }
  if (present) return "TRUE";
  switch (comparison.field) {
    case Field::kState:
      values.emplace_back(comparison.state);
      return absl::StrCat("state ", SqlOp(comparison.op), " ?");
    case Field::kPriority:
      values.emplace_back(comparison.number);
      return absl::StrCat("priority ", SqlOp(comparison.op), " ?");
    case Field::kCreateTime:
      values.emplace_back(absl::ToUnixMicros(comparison.time));
      return absl::StrCat("create_time ", SqlOp(comparison.op), " ?");
    default:
      return TextCondition("model", comparison, values);
  }
}

}  // namespace

SqlCondition ToSql(const JobFilter& filter) {
  SqlCondition out;
  for (const Comparison& comparison : filter.all) {
    absl::StrAppend(&out.sql, out.sql.empty() ? "" : " AND ",
                    Condition(comparison, out.values));
  }
  if (out.sql.empty()) out.sql = "TRUE";
  return out;
}

}  // namespace phosphene
