// Complex numbers as balls: an enclosure that certainly holds the value. Two values whose balls do
// not touch are certainly different; balls that touch say nothing. Source: F. Johansson, "Arb:
// efficient arbitrary-precision midpoint-radius interval arithmetic" (IEEE Trans. Comput. 2017).
#pragma once

#include <acb.h>

#include <cstdint>
#include <string>

#include "libs/math/budget.h"
#include "libs/math/evaluate.h"

namespace cohort {

class Ball {
 public:
  Ball() { acb_init(value_); }
  Ball(const Ball& other) : Ball() { acb_set(value_, other.value_); }
  Ball(Ball&& other) noexcept : Ball() { acb_swap(value_, other.value_); }
  Ball& operator=(const Ball& other) {
    acb_set(value_, other.value_);
    return *this;
  }
  Ball& operator=(Ball&& other) noexcept {
    acb_swap(value_, other.value_);
    return *this;
  }
  ~Ball() { acb_clear(value_); }

  acb_struct* get() { return value_; }
  const acb_struct* get() const { return value_; }
  bool IsFinite() const { return acb_is_finite(value_) != 0; }
  bool IsReal() const { return acb_is_real(value_) != 0; }

 private:
  acb_t value_;
};

class BallDomain {
 public:
  using Value = Ball;

  // Variables have the values of the point. `precision` in bits.
  BallDomain(uint64_t point, long precision, Budget* budget)
      : point_(point), precision_(precision), budget_(budget) {}

  Evaluation FromRational(const Rational& number, Ball* out);
  Evaluation Symbol(const std::string& name, Ball* out);
  Evaluation Constant(const std::string& name, Ball* out);
  Evaluation Add(const Ball& a, const Ball& b, Ball* out);
  Evaluation Multiply(const Ball& a, const Ball& b, Ball* out);
  Evaluation Negate(const Ball& a, Ball* out);
  Evaluation Divide(const Ball& a, const Ball& b, Ball* out);
  Evaluation Power(const Node& node, Ball* out);
  Evaluation Call(const Node& node, Ball* out);

 private:
  bool SpendSimple() { return budget_->Spend(100 + precision_ / 4); }
  bool SpendFunction() { return budget_->Spend(3'000 + precision_ * precision_ / 100); }
  Evaluation Logarithm(const Ball& value, Ball* out);
  Evaluation OneArgument(const std::string& name, const Ball& value, Ball* out);

  uint64_t point_;
  long precision_;
  Budget* budget_;
};

}  // namespace cohort
