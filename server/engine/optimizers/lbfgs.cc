// L-BFGS with a strong Wolfe line search for each row.

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <utility>

#include "server/engine/optimizers/elementwise.h"
#include "server/engine/optimizers/wolfe.h"
#include "server/engine/tensor/torch_pch.h"

#include "absl/strings/str_cat.h"
#include "server/base/status_macros.h"

namespace phosphene {
namespace {

constexpr int kHistory = 10, kMaxEvaluations = 25;
// A pair of less curvature than this (relative) would spoil the metric.
constexpr double kLeastCurvature = 1e-10;

double Dot(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum(at::kDouble).item<double>();
}

// One independent minimization: a row, or the whole batch where a shared
// tensor joins the rows.
struct Problem {
  std::vector<at::Tensor> views;  // of the parameters, no gradient
  std::vector<at::Tensor> roots;  // the parameters, whose .grad is read
  int64_t row = -1;               // -1: all
  std::deque<std::pair<at::Tensor, at::Tensor>>
      pairs;  // (s, y), oldest first, [n] each

  // During a step:
  at::Tensor start, gradient, direction, best_gradient;  // [n]
  std::optional<WolfeSearch> search;

  at::Tensor Gather() const {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& view : views) flat.push_back(view.reshape({-1}));
    return at::cat(flat);
  }
  at::Tensor GatherGradient() const {
    std::vector<at::Tensor> flat;
    for (const at::Tensor& root : roots) {
      const at::Tensor& grad = root.grad();
      const at::Tensor own = row < 0 ? grad : grad.select(0, row);
      flat.push_back(own.reshape({-1}));
    }
    return at::cat(flat);
  }
  void Scatter(const at::Tensor& flat) {
    int64_t at = 0;
    for (at::Tensor& view : views) {
      view.copy_(flat.narrow(0, at, view.numel()).view(view.sizes()));
      at += view.numel();
    }
  }
  double Loss(const at::Tensor& losses) const {
    return row < 0 ? losses.sum(at::kDouble).item<double>()
                   : losses[row].item<double>();
  }
};

// Two-loop recursion (Nocedal & Wright, algorithm 7.4): -H g.
at::Tensor Direction(const Problem& problem) {
  at::Tensor q = problem.gradient.neg();
  std::vector<double> alpha(problem.pairs.size());
  for (size_t i = problem.pairs.size(); i-- > 0;) {
    const auto& [s, y] = problem.pairs[i];
    alpha[i] = Dot(s, q) / Dot(s, y);
    q.sub_(y, alpha[i]);
  }
  if (!problem.pairs.empty()) {
    const auto& [s, y] = problem.pairs.back();
    q.mul_(Dot(s, y) / Dot(y, y));
  }
  for (size_t i = 0; i < problem.pairs.size(); ++i) {
    const auto& [s, y] = problem.pairs[i];
    q.add_(s, alpha[i] - Dot(y, q) / Dot(s, y));
  }
  return q;
}

// Nocedal & Wright 2006, chapter 7. Each evaluation of the batch serves the
// line searches of all rows.
class Lbfgs : public OptimizerFn {
 public:
  Lbfgs(std::vector<ParamTensor> parameters, int history, int max_evaluations)
      : parameters_(std::move(parameters)),
        history_(history),
        max_evaluations_(max_evaluations) {
    const at::NoGradGuard no_grad;
    const bool joined =
        std::any_of(parameters_.begin(), parameters_.end(),
                    [](const ParamTensor& p) { return !p.per_row; });
    const int64_t rows = joined ? 1 : parameters_[0].value.size(0);
    for (int64_t row = 0; row < rows; ++row) {
      Problem& problem = problems_.emplace_back();
      problem.row = joined ? -1 : row;
      for (const ParamTensor& parameter : parameters_) {
        const at::Tensor detached = parameter.value.detach();
        problem.views.push_back(joined ? detached : detached.select(0, row));
        problem.roots.push_back(parameter.value);
      }
    }
  }

  void Step(double learning_rate,
            const std::function<at::Tensor()>& evaluate) override {
    const at::Tensor losses = evaluate().detach();
    const at::NoGradGuard no_grad;
    for (Problem& problem : problems_) Begin(problem, losses, learning_rate);
    int evaluations = 1;
    while (evaluations < max_evaluations_ && AnySearching()) {
      Place([](const Problem& p) {
        return p.search->done() ? p.search->best() : p.search->trial();
      });
      at::Tensor trial;
      {
        const at::AutoGradMode with_grad(true);
        trial = evaluate().detach();
      }
      ++evaluations;
      for (Problem& problem : problems_) Report(problem, trial);
    }
    // One evaluation allows no search: the plain step is taken on trust.
    const bool trust = max_evaluations_ == 1;
    Place([trust](const Problem& p) {
      return trust ? p.search->trial() : p.search->best();
    });
    for (Problem& problem : problems_) Finish(problem);
  }

  std::map<std::string, at::Tensor> Save() const override {
    std::map<std::string, at::Tensor> state;
    for (size_t i = 0; i < problems_.size(); ++i) {
      std::vector<at::Tensor> steps, changes;
      for (const auto& [s, y] : problems_[i].pairs) {
        steps.push_back(s);
        changes.push_back(y);
      }
      if (steps.empty()) continue;
      state[absl::StrCat("s/", i)] = at::stack(steps);
      state[absl::StrCat("y/", i)] = at::stack(changes);
    }
    return state;
  }

  absl::Status Load(const std::map<std::string, at::Tensor>& state) override {
    for (size_t i = 0; i < problems_.size(); ++i) {
      Problem& problem = problems_[i];
      problem.pairs.clear();
      const std::string key = absl::StrCat("s/", i);
      if (!state.count(key)) continue;
      const int64_t kept = std::min<int64_t>(state.at(key).size(0), history_);
      const at::Tensor like = at::empty({kept, problem.Gather().numel()},
                                        problem.views[0].options());
      ASSIGN_OR_RETURN(const at::Tensor steps, FindState(state, key, like));
      ASSIGN_OR_RETURN(const at::Tensor changes,
                       FindState(state, absl::StrCat("y/", i), like));
      for (int64_t k = 0; k < kept; ++k) {
        problem.pairs.emplace_back(steps[k].to(like.device()).clone(),
                                   changes[k].to(like.device()).clone());
      }
    }
    return absl::OkStatus();
  }

 private:
  // Starts the line search of a step. The first step of all has no curvature to
  // go by: it is as long as min(1, 1/|g|_1), as in torch.optim.LBFGS.
  static void Begin(Problem& problem, const at::Tensor& losses,
                    double learning_rate) {
    problem.start = problem.Gather();
    problem.gradient = problem.GatherGradient();
    problem.direction = Direction(problem);
    double slope = Dot(problem.gradient, problem.direction);
    if (!(slope <
          0)) {  // not a descent direction: forget, take steepest descent
      problem.pairs.clear();
      problem.direction = problem.gradient.neg();
      slope = Dot(problem.gradient, problem.direction);
    }
    double first = learning_rate;
    if (problem.pairs.empty()) {
      const double size =
          problem.gradient.abs().sum(at::kDouble).item<double>();
      first *= std::min(1.0, 1 / std::max(size, 1e-12));
    }
    problem.search.emplace(problem.Loss(losses), slope, first);
    problem.best_gradient = problem.gradient;
  }

  bool AnySearching() const {
    return std::any_of(problems_.begin(), problems_.end(),
                       [](const Problem& p) { return !p.search->done(); });
  }

  template <typename StepOf>
  void Place(const StepOf& step_of) {
    for (Problem& problem : problems_) {
      problem.Scatter(problem.start.add(problem.direction, step_of(problem)));
    }
  }

  static void Report(Problem& problem, const at::Tensor& losses) {
    if (problem.search->done()) return;
    at::Tensor gradient = problem.GatherGradient();
    const double slope = Dot(gradient, problem.direction);
    if (problem.search->Report(problem.Loss(losses), slope)) {
      problem.best_gradient = std::move(gradient);
    }
  }

  void Finish(Problem& problem) {
    const double step = problem.search->best();
    const at::Tensor s = problem.direction.mul(step);
    const at::Tensor y = problem.best_gradient - problem.gradient;
    const double curvature = Dot(s, y);
    if (step > 0 && curvature > kLeastCurvature * Dot(y, y)) {
      problem.pairs.emplace_back(s, y);
      if (static_cast<int>(problem.pairs.size()) > history_)
        problem.pairs.pop_front();
    } else if (step == 0) {
      problem.pairs.clear();  // a failed search: the metric misleads
    }
    problem.start = problem.gradient = problem.direction =
        problem.best_gradient = at::Tensor();
    problem.search.reset();
  }

  std::vector<ParamTensor> parameters_;
  int history_;
  int max_evaluations_;
  std::vector<Problem> problems_;
};

std::string WhyNotReplayed(const v1::Optimizer& spec) {
  return "it searches along a line that the host chooses";
}

}  // namespace

const OptimizerKind& LbfgsOptimizerKind() {
  static const OptimizerKind kind = {
      .arm = "lbfgs",
      .default_learning_rate = 1.0,
      .check =
          [](const v1::Optimizer& spec, absl::string_view path,
             Faults& faults) {
            if (spec.normalize_gradient() > v1::Optimizer::NONE) {
              faults.Add(
                  absl::StrCat(path, ".normalize_gradient"),
                  "a line search needs the true gradient; use adam or sgd, "
                  "or leave it unset");
            }
          },
      .make = [](const v1::Optimizer& spec, std::vector<ParamTensor> parameters)
          -> std::unique_ptr<OptimizerFn> {
        const int history = spec.lbfgs().history(),
                  most = spec.lbfgs().max_evaluations();
        return std::make_unique<Lbfgs>(std::move(parameters),
                                       history > 0 ? history : kHistory,
                                       most > 0 ? most : kMaxEvaluations);
      },
      .searches = true,
      .why_not_replayed = WhyNotReplayed};
  return kind;
}

}  // namespace phosphene
