// The parser of objectives as text.

#include "client/spec/expression.h"

#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/spec/expression_calls.h"
#include "server/base/status_macros.h"

namespace phosphene::client {
namespace {

// Bounds recursion, and so the stack, on hostile text.
constexpr int kDeepest = 64;
// As in the manual of JobSpec.objectives and SumObjective.terms.
constexpr size_t kMaxTerms = 64;

// A number, or a sum of weighted objectives (weight always set).
struct Value {
  Span span;
  double number = 0;
  std::vector<v1::Objective> terms;
  bool is_number() const { return terms.empty(); }
};

// One objective that equals the terms, with no weight left outside: factors
// inside a tree are said by arms.
v1::Objective Collapse(const std::vector<v1::Objective>& terms) {
  v1::Objective out;
  if (terms.size() > 1) {
    for (const v1::Objective& term : terms)
      *out.mutable_sum()->add_terms() = Collapse({term});
    return out;
  }
  v1::Objective bare = terms.front();
  const double weight = bare.weight();
  bare.clear_weight();
  if (weight == 1) return bare;
  if (weight == -1) {
    *out.mutable_negate()->mutable_term() = std::move(bare);
  } else {
    out.mutable_scale()->set_factor(weight);
    *out.mutable_scale()->mutable_term() = std::move(bare);
  }
  return out;
}

Value Single(v1::Objective objective, Span span) {
  objective.set_weight(1);
  return Value{span, 0, {std::move(objective)}};
}

void Scale(Value& value, double factor) {
  value.number *= factor;
  for (v1::Objective& term : value.terms)
    term.set_weight(term.weight() * factor);
}

// Recursive descent over the text:
//   sum     := product (('+' | '-') product)*
//   product := unary (('*' | '/') unary)*
//   unary   := ('-' | '+') unary | power
//   power   := atom ('^' number)?
//   atom    := number | name '(' arguments ')' | '(' sum ')'
class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text) {}

  absl::StatusOr<Value> ParseAll() {
    ASSIGN_OR_RETURN(Value value, ParseSum());
    if (!AtEnd()) {
      return ErrorAt(
          text_, {at_, at_ + 1},
          absl::StrCat(
              "unexpected '", text_.substr(at_, 1),
              "'; an operator (+ - * / ^) or the end is allowed here"));
    }
    return value;
  }

 private:
  void SkipSpace() {
    while (at_ < text_.size() && absl::ascii_isspace(text_[at_])) ++at_;
  }
  bool AtEnd() {
    SkipSpace();
    return at_ == text_.size();
  }
  char Peek() {
    SkipSpace();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }

  absl::StatusOr<Value> ParseSum() {
    if (++depth_ > kDeepest) {
      return ErrorAt(text_, {at_, at_ + 1},
                     absl::StrCat("nested deeper than ", kDeepest));
    }
    ASSIGN_OR_RETURN(Value left, ParseProduct());
    while (Peek() == '+' || Peek() == '-') {
      const size_t sign_at = at_;
      const double sign = text_[at_++] == '+' ? 1 : -1;
      ASSIGN_OR_RETURN(Value right, ParseProduct());
      Scale(right, sign);
      if (left.is_number() != right.is_number()) {
        return ErrorAt(text_, left.is_number() ? left.span : right.span,
                       "a number cannot be added to an objective (it would "
                       "change nothing); "
                       "numbers are factors and exponents");
      }
      left.number += right.number;
      for (v1::Objective& term : right.terms)
        left.terms.push_back(std::move(term));
      if (left.terms.size() > kMaxTerms) {
        return ErrorAt(text_, {sign_at, sign_at + 1},
                       absl::StrCat("more than ", kMaxTerms, " terms"));
      }
      left.span.end = right.span.end;
    }
    --depth_;
    return left;
  }

  absl::StatusOr<Value> ParseProduct() {
    ASSIGN_OR_RETURN(Value left, ParseUnary());
    while (Peek() == '*' || Peek() == '/') {
      const bool divide = text_[at_++] == '/';
      ASSIGN_OR_RETURN(Value right, ParseUnary());
      if (divide && (!right.is_number() || right.number == 0)) {
        return ErrorAt(text_, right.span,
                       "only a number other than 0 can divide");
      }
      const Span whole{left.span.begin, right.span.end};
      if (right.is_number()) {
        Scale(left, divide ? 1 / right.number : right.number);
      } else if (left.is_number()) {
        Scale(right, left.number);
        left = std::move(right);
      } else {
        left = Multiply(left, right);
      }
      left.span = whole;
    }
    return left;
  }

  // Factors of single terms stay outside the product: 2*a * 3*b = 6 * (a*b).
  static Value Multiply(const Value& left, const Value& right) {
    v1::Objective product;
    double weight = 1;
    for (const Value* side : {&left, &right}) {
      std::vector<v1::Objective> terms = side->terms;
      if (terms.size() == 1) {
        weight *= terms[0].weight();
        terms[0].set_weight(1);
      }
      v1::Objective factor = Collapse(terms);
      // a*b*c is one product of three.
      if (factor.kind_case() == v1::Objective::kProduct && side == &left &&
          !factor.has_row() && factor.label().empty()) {
        product.mutable_product()->mutable_factors()->MergeFrom(
            factor.product().factors());
      } else {
        *product.mutable_product()->add_factors() = std::move(factor);
      }
    }
    Value out = Single(std::move(product), {});
    Scale(out, weight);
    return out;
  }

  absl::StatusOr<Value> ParseUnary() {
    const size_t begin = (SkipSpace(), at_);
    if (++depth_ > kDeepest) {
      return ErrorAt(text_, {at_, at_ + 1},
                     absl::StrCat("nested deeper than ", kDeepest));
    }
    double sign = 1;
    bool is_sign = false;
    if (Take('-')) {
      sign = -1;
      is_sign = true;
    } else {
      is_sign = Take('+');
    }
    absl::StatusOr<Value> value = is_sign ? ParseUnary() : ParsePower();
    --depth_;
    if (value.ok() && is_sign) {
      Scale(*value, sign);
      value->span.begin = begin;
    }
    return value;
  }

  absl::StatusOr<Value> ParsePower() {
    ASSIGN_OR_RETURN(Value base, ParseAtom());
    if (!Take('^')) return base;
    ASSIGN_OR_RETURN(Value exponent, ParseUnary());
    if (!exponent.is_number()) {
      return ErrorAt(text_, exponent.span, "an exponent is a number, 0.1..8");
    }
    const Span whole{base.span.begin, exponent.span.end};
    if (base.is_number())
      return Value{whole, std::pow(base.number, exponent.number), {}};
    if (exponent.number < 0.1 || exponent.number > 8) {
      return ErrorAt(text_, exponent.span, "an exponent is a number, 0.1..8");
    }
    v1::Objective power;
    *power.mutable_power()->mutable_base() = Collapse(base.terms);
    power.mutable_power()->set_exponent(exponent.number);
    return Single(std::move(power), whole);
  }

  absl::StatusOr<Value> ParseAtom() {
    const char next = Peek();
    const size_t begin = at_;
    if (next == '(') {
      ++at_;
      ASSIGN_OR_RETURN(Value value, ParseSum());
      if (!Take(')')) {
        return ErrorAt(text_, {at_, at_ + 1},
                       "expected ')' to close the '(' before");
      }
      value.span = {begin, at_};
      return value;
    }
    if (absl::ascii_isdigit(next) || next == '.') return ParseNumber();
    if (absl::ascii_isalpha(next)) return ParseCall();
    if (next == '\0') {
      return ErrorAt(text_, {at_, at_},
                     "the expression ends where an objective, a number or "
                     "'(' is expected");
    }
    return ErrorAt(
        text_, {begin, begin + 1},
        absl::StrCat("unexpected '", text_.substr(begin, 1),
                     "'; an objective, a number or '(' is expected here"));
  }

  absl::StatusOr<Value> ParseNumber() {
    const size_t begin = at_;
    const auto is_part = [&](char c) {
      const bool exponent_sign = (c == '-' || c == '+') && at_ > begin &&
                                 absl::ascii_tolower(text_[at_ - 1]) == 'e';
      return absl::ascii_isdigit(c) || c == '.' || c == 'e' || c == 'E' ||
             exponent_sign;
    };
    while (at_ < text_.size() && is_part(text_[at_])) ++at_;
    double number = 0;
    const absl::string_view digits = text_.substr(begin, at_ - begin);
    if (!absl::SimpleAtod(digits, &number) || !std::isfinite(number)) {
      return ErrorAt(text_, {begin, at_},
                     absl::StrCat("\"", digits, "\" is no finite number"));
    }
    return Value{{begin, at_}, number, {}};
  }

  absl::StatusOr<Value> ParseCall() {
    Call call;
    call.span.begin = at_;
    while (at_ < text_.size() &&
           (absl::ascii_isalnum(text_[at_]) || text_[at_] == '_'))
      ++at_;
    call.span.end = at_;
    call.name =
        std::string(text_.substr(call.span.begin, at_ - call.span.begin));
    if (!Take('(')) {
      return ErrorAt(text_, call.span,
                     absl::StrCat("\"", call.name,
                                  "\" needs its arguments in parentheses, such "
                                  "as channel(mixed4a:3)"));
    }
    if (Peek() != ')') {
      do {
        ASSIGN_OR_RETURN(Argument argument, ParseArgument());
        call.arguments.push_back(std::move(argument));
      } while (Take(','));
    }
    if (!Take(')')) {
      return ErrorAt(
          text_, {at_, at_ + 1},
          absl::StrCat("expected ',' or ')' in the arguments of ", call.name));
    }
    call.closing = {at_ - 1, at_};
    ASSIGN_OR_RETURN(v1::Objective objective, BuildCall(text_, call));
    return Single(std::move(objective), {call.span.begin, at_});
  }

  absl::StatusOr<Argument> ParseArgument() {
    Argument argument;
    SkipSpace();
    const size_t begin = at_;
    size_t end = begin;
    while (end < text_.size() &&
           (absl::ascii_isalnum(text_[end]) || text_[end] == '_'))
      ++end;
    size_t equals = end;
    while (equals < text_.size() && text_[equals] == ' ') ++equals;
    if (end > begin && equals < text_.size() && text_[equals] == '=') {
      argument.key = std::string(text_.substr(begin, end - begin));
      argument.key_span = {begin, end};
      at_ = equals + 1;
      SkipSpace();
    }
    RETURN_IF_ERROR(ParseArgumentValue(argument));
    return argument;
  }

  // Quoted text, a [list], or everything up to ',' or ')'.
  absl::Status ParseArgumentValue(Argument& argument) {
    const size_t begin = at_;
    const char open = Peek();
    if (open == '"' || open == '\'' || open == '[') {
      const char close = open == '[' ? ']' : open;
      const size_t found = text_.find(close, begin + 1);
      if (found == absl::string_view::npos) {
        return ErrorAt(
            text_, {begin, begin + 1},
            absl::StrCat("no ", std::string(1, close), " closes this"));
      }
      at_ = found + 1;
      argument.value = std::string(text_.substr(begin + 1, found - begin - 1));
      // "odd,name":3 goes on behind the quote.
      const size_t tail = at_;
      while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ')')
        ++at_;
      argument.value += std::string(
          absl::StripAsciiWhitespace(text_.substr(tail, at_ - tail)));
    } else {
      while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != ')')
        ++at_;
      argument.value = std::string(
          absl::StripAsciiWhitespace(text_.substr(begin, at_ - begin)));
    }
    argument.span = {begin, at_};
    while (argument.span.end > begin &&
           absl::ascii_isspace(text_[argument.span.end - 1])) {
      --argument.span.end;
    }
    if (argument.span.end == begin) {
      return ErrorAt(text_, {begin, begin + 1}, "an argument is missing here");
    }
    return absl::OkStatus();
  }

  absl::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

absl::StatusOr<std::vector<v1::Objective>> ParseObjectives(
    absl::string_view text) {
  ASSIGN_OR_RETURN(Value value, Parser(text).ParseAll());
  if (value.is_number()) {
    return ErrorAt(text, value.span, "a bare number is no objective");
  }
  for (v1::Objective& term : value.terms) {
    if (!std::isfinite(term.weight())) {
      return ErrorAt(text, value.span, "a factor is too large to be finite");
    }
    if (term.weight() == 1) term.clear_weight();
  }
  return std::move(value.terms);
}

}  // namespace phosphene::client
