#pragma once
#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "session.h"
#include "tenon/engine.h"
#include "units.h"

namespace tenon::cli {

using NamedValues = std::vector<std::pair<std::string, Value>>;

/// `--input name=file.npy`, `--input file.npz`, `--random SEED`: the inputs of run, bench and compare.
class InputFlags {
 public:
  void add(CLI::App&);
  void add_file(const std::string& text) { files_.push_back(text); }
  /// One value for each input of the engine: the files', the others random at `shapes` (or the engine's own choice).
  /// Says which are random, and warns of inputs that are all zero or hold NaN.
  /// Shapes and values are those of dense tensors, whatever memory formats the engine takes.
  NamedValues gather(Session&, const Engine&, const std::map<std::string, Dims>& shapes) const;
  uint64_t seed() const { return seed_; }
  /// The dims of the inputs that files give.
  std::map<std::string, Dims> dims() const;
  /// `at_assumed_dims`, where no file gives dims.
  void first_run(const Engine&, const std::function<void()>& f) const;

 private:
  /// What the files give; they are read once.
  const std::map<std::string, Tensor>& given() const;
  std::map<std::string, Tensor> load() const;

  std::vector<std::string> files_;
  mutable std::optional<std::map<std::string, Tensor>> given_;
  uint64_t seed_ = 0;
  mutable bool said_random_ = false;
};

/// Values as an engine takes them, in its memory formats; and what it gives as dense values.
NamedValues stored(const Engine&, NamedValues dense);
NamedValues dense(const Engine&, NamedValues stored);
void set_inputs(Context&, const NamedValues& stored);
bool holds_numbers(const Tensor&);
/// Calls `f` with every element of a tensor that holds numbers, as a double, without a copy of them all.
template <class F>
void for_each_number(const Tensor& tensor, F f) {
  constexpr int64_t kPiece = int64_t{1} << 16;
  for (int64_t at = 0; at < tensor.size(); at += kPiece) {
    char* piece = const_cast<char*>(tensor.as<char>()) + at * size_of(tensor.dtype());
    for (double x : to_doubles(Tensor::wrap(tensor.dtype(), {std::min(kPiece, tensor.size() - at)}, piece))) f(x);
  }
}
/// "f32 1x1000, min -3.1, max 8.9, mean 0.02".
std::string describe(const Value&);

}  // namespace tenon::cli
