// The filter language of ListJobs: parser and meaning.

#include "server/jobs/filter.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "server/base/faults.h"
#include "server/base/nearest.h"
#include "server/base/status_macros.h"
#include "server/base/utf8.h"
#include "server/jobs/proto_time.h"

namespace phosphene {
namespace {

using Field = Comparison::Field;
using Op = Comparison::Op;

constexpr size_t kMaxFilter = 4096;
constexpr size_t kMaxComparisons = 32;
constexpr absl::string_view kSpecial = "()\",<>=!:";

bool IsFieldChar(char c) {
  return absl::ascii_isalnum(c) || c == '_' || c == '-' || c == '.';
}

// Reads a filter from left to right.
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<JobFilter> Parse() {
    JobFilter filter;
    SkipSpace();
    while (!rest_.empty()) {
      if (filter.all.size() == kMaxComparisons) {
        return Error(
            absl::StrCat("more than ", kMaxComparisons, " comparisons"));
      }
      ASSIGN_OR_RETURN(Comparison comparison, ParseComparison());
      filter.all.push_back(std::move(comparison));
      SkipSpace();
      if (rest_.empty()) break;
      RETURN_IF_ERROR(ParseAnd());
    }
    return filter;
  }

 private:
  absl::Status Error(absl::string_view what) const {
    return FieldError(
        "filter", absl::StrCat("at character ", text_.size() - rest_.size() + 1,
                               ": ", what));
  }

  void SkipSpace() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  absl::string_view TakeWhile(const std::function<bool(char)>& keep) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), keep);
    const absl::string_view taken = rest_.substr(0, end - rest_.begin());
    rest_.remove_prefix(taken.size());
    return taken;
  }

  absl::Status ParseAnd() {
    const absl::string_view before = rest_;
    const absl::string_view word = TakeWhile(IsFieldChar);
    SkipSpace();
    if (word == "AND" && !rest_.empty()) return absl::OkStatus();
    if (word == "AND") return Error("a comparison must follow AND");
    rest_ = before;
    return Error("expected AND; comparisons are joined by AND alone");
  }

  absl::StatusOr<Comparison> ParseComparison() {
    Comparison comparison;
    RETURN_IF_ERROR(ParseField(comparison));
    SkipSpace();
    ASSIGN_OR_RETURN(comparison.op, ParseOp());
    SkipSpace();
    const absl::string_view before = rest_;
    bool quoted = false;
    ASSIGN_OR_RETURN(std::string value, ParseValue(&quoted));
    // From here on errors point at the value.
    const absl::string_view after = std::exchange(rest_, before);
    RETURN_IF_ERROR(Interpret(std::move(value), quoted, comparison));
    rest_ = after;
    return comparison;
  }

  absl::Status ParseField(Comparison& comparison) {
    const absl::string_view before = rest_;
    const std::string name(TakeWhile(IsFieldChar));
    static const auto* const fields =
        new std::vector<std::pair<std::string, Field>>{
            {"state", Field::kState},
            {"model", Field::kModel},
            {"priority", Field::kPriority},
            {"create_time", Field::kCreateTime}};
    std::vector<std::string> names;
    for (const auto& [known, field] : *fields) {
      comparison.field = field;
      if (name == known) return absl::OkStatus();
      names.push_back(known);
    }
    comparison.field = Field::kLabel;
    if (absl::StartsWith(name, "labels.")) {
      comparison.label_key = name.substr(7);
      if (comparison.label_key.empty() && absl::StartsWith(rest_, "\"")) {
        ASSIGN_OR_RETURN(comparison.label_key, ParseQuoted());
      }
      if (!comparison.label_key.empty()) return absl::OkStatus();
    }
    rest_ = before;
    names.push_back("labels.KEY");
    return Error(absl::StrCat(
        name.empty() ? "expected a field"
                     : absl::StrCat("no field \"", name, "\""),
        "; allowed: ", absl::StrJoin(names, ", "), NearestHint(name, names)));
  }

  absl::StatusOr<Op> ParseOp() {
    static constexpr std::pair<absl::string_view, Op> kOps[] = {
        {"!=", Op::kNe}, {"<=", Op::kLe}, {">=", Op::kGe},   {"=", Op::kEq},
        {"<", Op::kLt},  {">", Op::kGt},  {":", Op::kPrefix}};
    for (const auto& [text, op] : kOps) {
      if (absl::ConsumePrefix(&rest_, text)) return op;
    }
    return Error("expected one of = != < <= > >= :");
  }

  absl::StatusOr<std::string> ParseValue(bool* quoted) {
    *quoted = absl::StartsWith(rest_, "\"");
    if (*quoted) return ParseQuoted();
    const absl::string_view value = TakeWhile([](char c) {
      // A time has ':' in it.
      return !absl::ascii_isspace(c) &&
             (c == ':' || !absl::StrContains(kSpecial, c));
    });
    if (value.empty()) return Error("expected a value");
    return std::string(value);
  }

  absl::StatusOr<std::string> ParseQuoted() {
    std::string value;
    absl::string_view rest = rest_.substr(1);
    while (!rest.empty() && rest[0] != '"') {
      if (rest[0] == '\\') {
        rest.remove_prefix(1);
        if (rest.empty() || (rest[0] != '"' && rest[0] != '\\')) {
          return Error("only \\\" and \\\\ may follow a backslash");
        }
      }
      value += rest[0];
      rest.remove_prefix(1);
    }
    if (rest.empty()) return Error("a quote that does not end");
    rest_ = rest.substr(1);
    return value;
  }

  // Fits operator and value to the field.
  absl::Status Interpret(std::string value, bool quoted,
                         Comparison& out) const {
    if (out.op == Op::kPrefix && value == "*" && !quoted) {
      out.op = Op::kPresent;
      return absl::OkStatus();
    }
    if (out.op == Op::kPrefix && !absl::EndsWith(value, "*")) out.op = Op::kEq;
    const bool prefix = out.op == Op::kPrefix;
    if (prefix) value.pop_back();
    switch (out.field) {
      case Field::kLabel:
        out.text = std::move(value);
        return absl::OkStatus();
      case Field::kModel:
        if (out.op != Op::kEq && out.op != Op::kNe && !prefix) {
          return Error("model takes = != :");
        }
        out.text = std::string(absl::StripPrefix(value, "models/"));
        return absl::OkStatus();
      case Field::kState:
        return InterpretState(value, out);
      case Field::kPriority:
        if (!prefix && absl::SimpleAtoi(value, &out.number))
          return absl::OkStatus();
        return Error(absl::StrCat("\"", value, "\" is no whole number"));
      case Field::kCreateTime:
        return InterpretTime(value, prefix, out);
    }
    return absl::OkStatus();
  }

  absl::Status InterpretState(const std::string& value, Comparison& out) const {
    if (out.op != Op::kEq && out.op != Op::kNe)
      return Error("state takes = != :");
    if (v1::Job::State_Parse(value, &out.state) &&
        out.state != v1::Job::STATE_UNSPECIFIED) {
      return absl::OkStatus();
    }
    std::vector<std::string> names;
    for (int i = 1; i < v1::Job::State_ARRAYSIZE; ++i) {
      names.push_back(v1::Job::State_Name(static_cast<v1::Job::State>(i)));
    }
    return Error(absl::StrCat("no state \"", value,
                              "\"; allowed: ", absl::StrJoin(names, ", "),
                              NearestHint(value, names)));
  }

  absl::Status InterpretTime(const std::string& value, bool prefix,
                             Comparison& out) const {
    std::string ignored;
    if (prefix ||
        !absl::ParseTime(absl::RFC3339_full, value, &out.time, &ignored)) {
      return Error(absl::StrCat("\"", value,
                                "\" is no time such as 2026-01-31T12:00:00Z"));
    }
    // As stored times are.
    out.time = absl::FromUnixMicros(absl::ToUnixMicros(out.time));
    return absl::OkStatus();
  }

  const absl::string_view text_;
  absl::string_view rest_;
};

template <typename T>
bool Holds(const T& value, Op op, const T& bound) {
  switch (op) {
    case Op::kEq:
      return value == bound;
    case Op::kNe:
      return value != bound;
    case Op::kLt:
      return value < bound;
    case Op::kLe:
      return value <= bound;
    case Op::kGt:
      return value > bound;
    case Op::kGe:
      return value >= bound;
    case Op::kPrefix:
    case Op::kPresent:
      return true;
  }
  return false;
}

bool TextHolds(const std::string& value, const Comparison& comparison) {
  if (comparison.op == Op::kPrefix) {
    return absl::StartsWith(value, comparison.text);
  }
  return Holds(value, comparison.op, comparison.text);
}

bool MatchesOne(const Comparison& comparison, const v1::Job& job) {
  switch (comparison.field) {
    case Field::kState:
      return Holds(job.state(), comparison.op, comparison.state);
    case Field::kModel:
      return TextHolds(
          std::string(absl::StripPrefix(job.spec().model(), "models/")),
          comparison);
    case Field::kPriority:
      return Holds<int64_t>(job.priority(), comparison.op, comparison.number);
    case Field::kCreateTime:
      return Holds(FromProtoTime(job.create_time()), comparison.op,
                   comparison.time);
    case Field::kLabel: {
      const auto it = job.labels().find(comparison.label_key);
      return it != job.labels().end() && TextHolds(it->second, comparison);
    }
  }
  return false;
}

}  // namespace

absl::StatusOr<JobFilter> ParseJobFilter(absl::string_view text) {
  if (text.size() > kMaxFilter) {
    return FieldError("filter", absl::StrCat(text.size(), " bytes; at most ",
                                             kMaxFilter, " are allowed"));
  }
  if (!IsUtf8(text) || absl::StrContains(text, '\0')) {
    return FieldError("filter", "not valid text");
  }
  return Parser(text).Parse();
}

bool Matches(const JobFilter& filter, const v1::Job& job) {
  return std::all_of(filter.all.begin(), filter.all.end(),
                     [&](const Comparison& comparison) {
                       return MatchesOne(comparison, job);
                     });
}

std::string CanonicalText(const JobFilter& filter) {
  std::string out;
  for (const Comparison& c : filter.all) {
    absl::StrAppend(&out, static_cast<int>(c.field), " ", c.label_key.size(),
                    " ", c.label_key, " ", static_cast<int>(c.op), " ",
                    c.text.size(), " ", c.text, " ", static_cast<int>(c.state),
                    " ", c.number, " ", absl::ToUnixMicros(c.time), ";");
  }
  return out;
}

}  // namespace phosphene
