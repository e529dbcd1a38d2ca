#include "inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "nearest.h"
#include "target.h"
#include "tenon/files.h"
#include "tenon/io_format.h"

namespace tenon::cli {
namespace {

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

const TensorInfo& info_of(const std::vector<TensorInfo>& inputs, const std::string& name) {
  std::vector<std::string> names;
  for (const TensorInfo& input : inputs) {
    if (input.name == name) return input;
    names.push_back(input.name);
  }
  std::string like = nearest(name, names);
  throw Error(ErrorCode::unknown_name,
              fmt::format("there is no input '{}'; {}the inputs are {}", name,
                          like.empty() ? "" : fmt::format("did you mean '{}'? ", like), fmt::join(names, ", ")));
}

void warn_of_odd_values(Session& session, const std::string& name, const Value& value) {
  if (value.kind != Value::Kind::tensor || !holds_numbers(value.tensor) || value.tensor.size() == 0) return;
  int64_t nans = 0, others = 0;
  for_each_number(value.tensor, [&](double x) {
    nans += std::isnan(x);
    others += x != 0;
  });
  if (nans > 0) session.console.warning(fmt::format("input '{}' holds NaN: results and times may mean little", name));
  if (others == 0 && value.tensor.size() > 1) session.console.warning(fmt::format("input '{}' is all zero: results and times may mean little", name));
}

NamedValues unpacked(const std::vector<TensorInfo>& infos, NamedValues values) {
  for (auto& [name, value] : values)
    for (const TensorInfo& info : infos)
      if (info.name == name && !info.format.empty()) value.tensor = unpack(info, value.tensor);
  return values;
}

}  // namespace

bool holds_numbers(const Tensor& tensor) {
  DType d = tensor.dtype();
  return tensor.defined() && d != DType::string && d != DType::c64 && d != DType::c128;
}

void InputFlags::add(CLI::App& app) {
  app.add_option("--input", files_, "name=file.npy, or file.npz with all; repeatable")
      ->type_name("FILE")
      ->allow_extra_args(false);
  app.add_option("--random", seed_, "Seed of the inputs that are not given (default 0)")->type_name("SEED");
}

std::map<std::string, Tensor> InputFlags::load() const {
  std::map<std::string, Tensor> tensors;
  for (const std::string& text : files_) {
    size_t equals = text.rfind('=');
    if (equals == std::string::npos && ends_with(text, ".npz")) {
      for (auto& entry : load_npz(text)) tensors[entry.first] = entry.second;
    } else if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      throw Error(ErrorCode::usage, fmt::format("--input: name=file.npy or file.npz was expected, found '{}'", text));
    } else {
      tensors[text.substr(0, equals)] = load_npy(text.substr(equals + 1));
    }
  }
  return tensors;
}

const std::map<std::string, Tensor>& InputFlags::given() const {
  if (!given_) given_ = load();
  return *given_;
}

NamedValues InputFlags::gather(Session& session, const Engine& engine,
                               const std::map<std::string, Dims>& shapes) const {
  std::vector<TensorInfo> infos = engine.inputs();
  std::map<std::string, Tensor> given = this->given();
  std::map<std::string, Dims> dims = shapes;
  for (const auto& entry : shapes) info_of(infos, entry.first);
  for (auto& entry : given) {
    entry.second = from_raw_bits(entry.second, info_of(infos, entry.first).dtype);
    dims[entry.first] = entry.second.dims();
  }
  for (auto& entry : dims) entry.second = stored_dims(info_of(infos, entry.first), entry.second);
  NamedValues values = unpacked(infos, engine.example_inputs(seed_, {dims.begin(), dims.end()}));
  std::vector<std::string> random;
  for (auto& value : values) {
    auto found = given.find(value.first);
    if (found == given.end()) {
      random.push_back("'" + value.first + "'");
    } else {
      value.second = found->second;
      warn_of_odd_values(session, value.first, value.second);
    }
  }
  if (!random.empty() && !std::exchange(said_random_, true))
    session.console.info(fmt::format("random inputs, seed {}: {}", seed_, fmt::join(random, ", ")));
  return values;
}

std::map<std::string, Dims> InputFlags::dims() const {
  std::map<std::string, Dims> dims;
  for (const auto& [name, tensor] : given()) dims[name] = tensor.dims();
  return dims;
}

void InputFlags::first_run(const Engine& engine, const std::function<void()>& f) const {
  if (files_.empty()) at_assumed_dims(engine, f);
  else f();
}

NamedValues stored(const Engine& engine, NamedValues values) {
  const std::vector<TensorInfo> infos = engine.inputs();
  for (auto& [name, value] : values)
    if (const TensorInfo& info = info_of(infos, name); !info.format.empty()) value.tensor = pack(info, value.tensor);
  return values;
}

NamedValues dense(const Engine& engine, NamedValues values) { return unpacked(engine.outputs(), std::move(values)); }

void set_inputs(Context& context, const NamedValues& values) {
  for (const auto& value : values) context.set_input(value.first, value.second);
}

std::string describe(const Value& value) {
  if (value.kind == Value::Kind::none) return "nothing";
  if (value.kind == Value::Kind::sequence) return fmt::format("sequence of {} tensors", value.sequence.size());
  const Tensor& tensor = value.tensor;
  std::string text = fmt::format("{} {}", to_string(tensor.dtype()), dims_text(tensor.dims()));
  if (!holds_numbers(tensor) || tensor.size() == 0) return text;
  double low = HUGE_VAL, high = -HUGE_VAL, sum = 0;
  int64_t nans = 0;
  for_each_number(tensor, [&](double x) {
    if (std::isnan(x)) {
      ++nans;
      return;
    }
    low = std::min(low, x);
    high = std::max(high, x);
    sum += x;
  });
  const int64_t numbers = tensor.size() - nans;
  if (numbers > 0)
    text += fmt::format(", min {:.6g}, max {:.6g}, mean {:.6g}", low, high, sum / static_cast<double>(numbers));
  if (nans > 0) text += fmt::format(", {} NaN", nans);
  return text;
}

}  // namespace tenon::cli
