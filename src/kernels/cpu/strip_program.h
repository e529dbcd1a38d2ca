#pragma once
#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/threads.h"
#include "kernels/cpu/strip_functions.h"

namespace tenon::core::cpu {

/// Pointwise operations over a box of loops. Values are numbered: operands first, then the results of the ops in order.
/// A value of f16 or bf16 is computed in f32 and rounded after each op.
struct StripSpec {
  struct Operand {
    DType dtype;
    std::vector<int64_t> strides;      // in elements, one per loop, 0: broadcast
    std::array<std::byte, 16> number;  // the element itself, when `is_number`
    bool is_number = false;
  };
  struct Op {
    std::string name;
    DType dtype;  // of the result
    std::vector<int> args;
    float alpha = 0, beta = 0;
  };
  struct Result {
    int value;
    DType dtype;  // in memory; may be narrower than the value's own f32
  };
  std::vector<int64_t> extents;  // outermost first; the results are dense in this order
  std::vector<Operand> operands;
  std::vector<DType> dtypes;  // of the operands' values (f32 where a narrower type is only how they are stored)
  std::vector<Op> ops;
  std::vector<Result> results;
};

/// A StripSpec made ready to run: loops collapsed, then executed strip by strip so that what lies between two ops stays
/// in the first-level cache.
class StripProgram {
 public:
  /// `lanes`: how many threads may work at once.
  StripProgram(const StripSpec&, int lanes);
  /// False, with a sentence, when an op has no function for its types, or there are too many operands.
  static bool supports(const StripSpec&, std::string& why);
  /// Whether every op has a function that works on vectors.
  static bool is_vectorised(const StripSpec&);

  int64_t workspace_bytes() const { return lanes_ * lane_bytes_; }
  /// `operands`: one address each (numbers: ignored).
  void run(const std::byte* const* operands, std::byte* const* results, std::byte* workspace, Threads&) const;

 private:
  friend class StripCompiler;
  static constexpr size_t kMostOperands = 64;
  enum class Kind { dense, uniform, gathered };
  struct Input {
    Kind kind;
    int64_t element;               // bytes
    std::vector<int64_t> strides;  // bytes, per loop
    int64_t buffer = -1;           // in the lane's memory, of gathered operands
    std::array<std::byte, 16> number;
    bool is_number;
  };
  /// Where an instruction finds a strip: an input, a buffer of the lane, or a result.
  struct Place {
    enum class In { input, buffer, result } in = In::buffer;
    int64_t at = 0;  // index, or bytes
  };
  struct Instruction {
    StripFunction function;
    Place out;
    std::array<Place, 3> in;
    int arity;
    float alpha, beta;
  };
  struct Lane;

  void run_range(Lane&, int64_t begin, int64_t end) const;
  void locate(Lane&, int64_t block) const;
  void gather(const Input&, size_t loop, int64_t count, const std::byte* from, std::byte*& to) const;
  std::byte* address(const Lane&, const Place&) const;

  std::vector<int64_t> extents_;
  size_t split_ = 0;  // the loop that is cut into blocks of `block_`; those inside it lie in one strip
  int64_t block_ = 1, blocks_ = 0, inner_ = 1;
  int64_t count_ = 0;  // strips
  std::vector<Input> inputs_;
  std::vector<int64_t> result_elements_;
  std::vector<Instruction> code_;
  int64_t lanes_ = 1, lane_bytes_ = 0;
};

}  // namespace tenon::core::cpu
