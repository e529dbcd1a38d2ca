#include <algorithm>
#include <utility>

#include "base/checked.h"
#include "base/error.h"
#include "kernels/cpu/strip_program.h"

namespace tenon::core::cpu {
namespace {

constexpr int64_t kStrip = 2048;  // elements
constexpr int64_t kSmallestStrip = 256;
constexpr int64_t kSmallWork = 1 << 14;  // elements times ops below which one thread is enough

bool is_half(DType d) { return d == DType::f16 || d == DType::bf16; }
DType computed(DType d) { return is_half(d) ? DType::f32 : d; }

/// The type that chooses an op's function: that of its values, the last of them for `where`.
DType function_type(const StripSpec::Op& op, const std::vector<DType>& values) {
  return computed(values[static_cast<size_t>(op.name == "where" ? op.args.back() : op.args.front())]);
}

std::vector<DType> value_types(const StripSpec& spec) {
  std::vector<DType> types = spec.dtypes;
  for (const StripSpec::Op& op : spec.ops) types.push_back(op.dtype);
  return types;
}

}  // namespace

class StripCompiler {
 public:
  StripCompiler(const StripSpec& spec, int lanes, StripProgram& program)
      : spec_(spec), p_(program), types_(value_types(spec)), lanes_(lanes) {}

  void compile() {
    for (int64_t e : spec_.extents)
      if (e == 0) return;
    collapse();
    cut();
    classify();
    number_uses();
    place_inputs();
    for (size_t i = 0; i < spec_.ops.size(); ++i) emit(i);
    for (size_t r = 0; r < spec_.results.size(); ++r) store(r);
    const double work =
        static_cast<double>(p_.count_) * static_cast<double>(strip()) * static_cast<double>(p_.code_.size());
    p_.lanes_ = std::clamp<int64_t>(static_cast<int64_t>(work / kSmallWork), 1, std::min<int64_t>(lanes_, p_.count_));
    p_.lane_bytes_ = round_up(top_, 4096);
  }

 private:
  using Place = StripProgram::Place;

  /// Neighbouring loops over which every operand steps alike become one; loops of one turn go.
  void collapse() {
    for (const StripSpec::Operand& o : spec_.operands) {
      StripProgram::Input input{StripProgram::Kind::gathered, size_of(o.dtype), {}, -1, o.number, o.is_number};
      p_.inputs_.push_back(std::move(input));
    }
    for (size_t l = 0; l < spec_.extents.size(); ++l) {
      if (spec_.extents[l] == 1) continue;
      const bool merges = !p_.extents_.empty() && merges_with_last(l);
      if (merges)
        p_.extents_.back() *= spec_.extents[l];
      else
        p_.extents_.push_back(spec_.extents[l]);
      for (size_t o = 0; o < p_.inputs_.size(); ++o) {
        if (merges) p_.inputs_[o].strides.pop_back();
        p_.inputs_[o].strides.push_back(stride(o, l));
      }
    }
    if (!p_.extents_.empty()) return;
    p_.extents_ = {1};
    for (auto& input : p_.inputs_) input.strides = {0};
  }
  int64_t stride(size_t operand, size_t loop) const {
    const StripSpec::Operand& o = spec_.operands[operand];
    return o.is_number ? 0 : o.strides[loop] * size_of(o.dtype);
  }
  bool merges_with_last(size_t loop) const {
    for (size_t o = 0; o < p_.inputs_.size(); ++o)
      if (p_.inputs_[o].strides.back() != stride(o, loop) * spec_.extents[loop]) return false;
    return true;
  }

  /// As many inner loops as fit a strip, then a cut through the next one.
  void cut() {
    const int64_t total = checked_product(p_.extents_);
    const int64_t target = std::clamp(total / (2 * lanes_), kSmallestStrip, kStrip);
    p_.split_ = p_.extents_.size() - 1;
    while (p_.split_ > 0 && p_.inner_ * p_.extents_[p_.split_] <= target) p_.inner_ *= p_.extents_[p_.split_--];
    const int64_t extent = p_.extents_[p_.split_];
    p_.blocks_ = (extent + std::max<int64_t>(1, target / p_.inner_) - 1) / std::max<int64_t>(1, target / p_.inner_);
    p_.block_ = (extent + p_.blocks_ - 1) / p_.blocks_;
    p_.blocks_ = (extent + p_.block_ - 1) / p_.block_;
    p_.count_ = total / (extent * p_.inner_) * p_.blocks_;
  }
  int64_t strip() const { return p_.block_ * p_.inner_; }

  /// Uniform and dense operands are read in place. An op without a function for a uniform input gets it gathered.
  void classify() {
    for (size_t o = 0; o < p_.inputs_.size(); ++o) p_.inputs_[o].kind = kind_of(o);
    for (bool changed = true; changed;) {
      changed = false;
      for (const StripSpec::Op& op : spec_.ops) {
        if (find(op, uniform(op))) continue;
        for (int a : op.args)
          if (is_uniform(a)) p_.inputs_[static_cast<size_t>(a)].kind = StripProgram::Kind::gathered, changed = true;
      }
    }
    for (auto& input : p_.inputs_)
      if (input.kind == StripProgram::Kind::gathered) input.buffer = allocate(input.element);
  }
  StripProgram::Kind kind_of(size_t o) const {
    const StripProgram::Input& input = p_.inputs_[o];
    bool uniform = true, dense = true;
    int64_t expected = input.element;
    for (size_t l = p_.extents_.size(); l-- > p_.split_; expected *= p_.extents_[l]) {
      uniform = uniform && input.strides[l] == 0;
      dense = dense && input.strides[l] == expected;
    }
    const bool half = is_half(spec_.operands[o].dtype);
    if (uniform && strip() > 1)
      return half || is_result(static_cast<int>(o)) ? StripProgram::Kind::gathered : StripProgram::Kind::uniform;
    return dense || uniform ? StripProgram::Kind::dense : StripProgram::Kind::gathered;
  }
  bool is_result(int value) const {
    return std::any_of(spec_.results.begin(), spec_.results.end(), [&](const auto& r) { return r.value == value; });
  }
  bool is_uniform(int value) const {
    return static_cast<size_t>(value) < p_.inputs_.size() &&
           p_.inputs_[static_cast<size_t>(value)].kind == StripProgram::Kind::uniform;
  }
  unsigned uniform(const StripSpec::Op& op) const {
    unsigned mask = 0;
    for (size_t a = 0; a < op.args.size(); ++a) mask |= is_uniform(op.args[a]) ? 1u << a : 0;
    return mask;
  }
  StripFunction find(const StripSpec::Op& op, unsigned mask) const {
    return find_strip_function(op.name, function_type(op, types_), computed(op.dtype), mask);
  }

  void number_uses() {
    last_use_.assign(types_.size(), -1);
    for (size_t i = 0; i < spec_.ops.size(); ++i)
      for (int a : spec_.ops[i].args) last_use_[static_cast<size_t>(a)] = static_cast<int>(i);
    for (const auto& r : spec_.results) last_use_[static_cast<size_t>(r.value)] = static_cast<int>(spec_.ops.size());
    stored_.assign(spec_.results.size(), false);
    places_.resize(types_.size());
  }

  void place_inputs() {
    for (size_t o = 0; o < p_.inputs_.size(); ++o) {
      places_[o] = {Place::In::input, static_cast<int64_t>(o)};
      const DType memory = spec_.operands[o].dtype;
      if (!is_half(memory)) continue;
      const Place wide{Place::In::buffer, allocate(size_of(DType::f32))};
      add(find_strip_function("widen", memory, DType::f32, 0), wide, {places_[o]});
      places_[o] = wide;
    }
  }

  void emit(size_t index) {
    const StripSpec::Op& op = spec_.ops[index];
    const size_t value = p_.inputs_.size() + index;
    places_[value] = place_of_result(value);
    std::vector<Place> in;
    for (int a : op.args) in.push_back(places_[static_cast<size_t>(a)]);
    add(find(op, uniform(op)), places_[value], in, op.alpha, op.beta);
    if (is_half(op.dtype))
      add(find_strip_function("round_to", op.dtype, DType::f32, 0), places_[value], {places_[value]});
    for (int a : op.args) release(static_cast<size_t>(a), static_cast<int>(index));
    release(value, static_cast<int>(index));
  }

  /// A value that is a result of its own type is computed in place.
  Place place_of_result(size_t value) {
    for (size_t r = 0; r < spec_.results.size(); ++r) {
      if (spec_.results[r].value != static_cast<int>(value) || spec_.results[r].dtype != computed(types_[value]))
        continue;
      stored_[r] = true;
      return {Place::In::result, static_cast<int64_t>(r)};
    }
    return {Place::In::buffer, allocate(size_of(computed(types_[value])))};
  }

  void store(size_t r) {
    const StripSpec::Result& result = spec_.results[r];
    const auto value = static_cast<size_t>(result.value);
    p_.result_elements_.push_back(size_of(result.dtype));
    if (stored_[r]) return;
    const bool narrow = result.dtype != computed(types_[value]);
    const StripFunction f = narrow ? find_strip_function("narrow", result.dtype, DType::f32, 0)
                                   : find_strip_function("copy", result.dtype, result.dtype, 0);
    add(f, {Place::In::result, static_cast<int64_t>(r)}, {places_[value]});
  }

  void add(StripFunction f, Place out, const std::vector<Place>& in, float alpha = 0, float beta = 0) {
    assume(f != nullptr, "every op of a strip program has a function");
    StripProgram::Instruction step{f, out, {}, static_cast<int>(in.size()), alpha, beta};
    std::copy(in.begin(), in.end(), step.in.begin());
    p_.code_.push_back(step);
  }

  /// A buffer of one strip, from those given back or behind the others.
  int64_t allocate(int64_t element) {
    const int64_t bytes = round_up(strip() * element, 64);
    for (size_t i = 0; i < free_.size(); ++i) {
      if (free_[i].second != bytes) continue;
      const int64_t at = free_[i].first;
      free_.erase(free_.begin() + static_cast<int64_t>(i));
      return at;
    }
    return std::exchange(top_, top_ + bytes);
  }
  void release(size_t value, int now) {
    if (last_use_[value] > now || places_[value].in != Place::In::buffer) return;
    if (value < p_.inputs_.size()) return;
    free_.emplace_back(places_[value].at, round_up(strip() * size_of(computed(types_[value])), 64));
    last_use_[value] = INT32_MAX;  // once
  }

  const StripSpec& spec_;
  StripProgram& p_;
  std::vector<DType> types_;
  int64_t lanes_;
  std::vector<int> last_use_;
  std::vector<Place> places_;
  std::vector<bool> stored_;
  std::vector<std::pair<int64_t, int64_t>> free_;
  int64_t top_ = 0;
};

StripProgram::StripProgram(const StripSpec& spec, int lanes) { StripCompiler(spec, lanes, *this).compile(); }

bool StripProgram::supports(const StripSpec& spec, std::string& why) {
  if (spec.operands.size() > kMostOperands) {
    why = "too many operands";
    return false;
  }
  const std::vector<DType> types = value_types(spec);
  for (const StripSpec::Op& op : spec.ops) {
    if (op.args.size() <= 3 && find_strip_function(op.name, function_type(op, types), computed(op.dtype), 0)) continue;
    why = fmt::format("there is no strip function '{}' for {}", op.name, to_string(function_type(op, types)));
    return false;
  }
  for (const StripSpec::Result& r : spec.results) {
    const DType type = computed(types[static_cast<size_t>(r.value)]);
    if (r.dtype == type ? find_strip_function("copy", type, type, 0) != nullptr
                        : is_half(r.dtype) && type == DType::f32)
      continue;
    why = fmt::format("a result of {} cannot be stored as {}", to_string(type), to_string(r.dtype));
    return false;
  }
  return true;
}

bool StripProgram::is_vectorised(const StripSpec& spec) {
  const std::vector<DType> types = value_types(spec);
  return std::all_of(spec.ops.begin(), spec.ops.end(), [&](const StripSpec::Op& op) {
    return function_type(op, types) == DType::f32 && op.name != "where" && op.name != "cast" && find_f32_function(op.name, 0);
  });
}

}  // namespace tenon::core::cpu
