#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "tenon/error.h"
#include "tenon/files.h"
#include "tenon/io_format.h"
#include "trtexec/reports.h"
#include "trtexec/values.h"

namespace tenon::trtexec {
namespace {

/// JSON has no such numbers; Python's reader takes these words.
std::string number_text(double v) { return std::isnan(v) ? "NaN" : std::isinf(v) ? (v > 0 ? "Infinity" : "-Infinity") : fmt::format("{}", v); }

std::string values_text(const Tensor& t, const char* separator) {
  std::string text;
  const auto add = [&](const std::string& value) { text += (text.empty() ? "" : separator) + value; };
  if (t.dtype() == DType::string) {
    for (int64_t i = 0; i < t.size(); ++i) add('"' + t.as<std::string>()[i] + '"');
  } else if (t.dtype() == DType::f32) {
    for (int64_t i = 0; i < t.size(); ++i) add(std::isfinite(t.as<float>()[i]) ? fmt::format("{}", t.as<float>()[i]) : number_text(t.as<float>()[i]));
  } else {
    for (double v : to_doubles(t)) add(number_text(v));
  }
  return text;
}

bool has_values(const Value& value) { return value.kind == Value::Kind::tensor && value.tensor.dtype() != DType::c64 && value.tensor.dtype() != DType::c128; }

std::string outputs_json(const NamedValues& outputs) {
  std::string json = "[\n";
  const char* separator = "  ";
  for (const auto& [name, value] : outputs) {
    if (!has_values(value)) continue;
    json += fmt::format("{}{{ \"name\" : \"{}\"\n  , \"dimensions\" : \"{}\"\n  , \"values\" : [ {} ]\n  }}\n", separator, name, dims_text(value.tensor.dims()),
                        values_text(value.tensor, ", "));
    separator = ", ";
  }
  return json + "]\n";
}

/// Row-major, whatever their formats.
NamedValues dense(NamedValues values, const std::vector<TensorInfo>& infos) {
  for (size_t i = 0; i < values.size(); ++i)
    if (!infos[i].format.empty()) values[i].second.tensor = unpack(infos[i], values[i].second.tensor);
  return values;
}

const char* type_name(DType type) {
  switch (type) {
    case DType::f32: return "Float";
    case DType::f16: return "Half";
    case DType::bf16: return "BFloat16";
    case DType::i8: return "Int8";
    case DType::i32: return "Int32";
    case DType::i64: return "Int64";
    case DType::u8: return "UInt8";
    case DType::boolean: return "Bool";
    case DType::f8e4m3fn: return "Float8";
    default: return to_string(type).data();
  }
}

std::string file_name(const std::string& tensor, const char* direction, const std::string& dims, DType type) {
  std::string name = tensor;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c)) && std::string_view("._-,").find(c) == std::string_view::npos) c = '_';
  return fmt::format("{}.{}.{}.{}.raw", name, direction, dims, type_name(type));
}

/// The bytes as they lie in each tensor's format.
void write_raw(const NamedValues& values, const std::vector<TensorInfo>& infos, const char* direction, Log& log) {
  for (size_t i = 0; i < values.size(); ++i) {
    const auto& [name, value] = values[i];
    if (value.kind != Value::Kind::tensor || size_of(value.tensor.dtype()) == 0) continue;
    std::string dims = dims_text(dense_dims(infos[i], value.tensor.dims()));
    for (char& c : dims)
      if (c == 'x') c = '.';
    const std::string file = file_name(name, direction, dims, value.tensor.dtype());
    log.info(fmt::format("Writing file for {} binding {} (with datatype {} and dimensions {}) to {}", direction, name, type_name(value.tensor.dtype()), dims, file));
    save_text(file, {static_cast<const char*>(value.tensor.data()), static_cast<size_t>(value.tensor.byte_size())});
  }
}

void write_debug_tensors(const NamedValues& outputs, const std::map<std::string, std::string>& files, Log& log) {
  for (const auto& [name, file] : files) {
    const auto found = std::find_if(outputs.begin(), outputs.end(), [&name = name](const auto& output) { return output.first == name; });
    if (found == outputs.end() || !has_values(found->second))
      throw Error(ErrorCode::unknown_name, fmt::format("--saveDebugTensors: the engine has no debug tensor '{}'; build it with --markDebug={}", name, name));
    const Tensor& t = found->second.tensor;
    log.info(fmt::format("Writing debug tensor {} (with datatype {} and dimensions {}) to {}", name, type_name(t.dtype()), dims_text(t.dims()), file));
    save_text(file, {static_cast<const char*>(t.data()), static_cast<size_t>(t.byte_size())});
  }
}

}  // namespace

void report_outputs(const Engine& engine, const NamedValues& inputs, const NamedValues& stored, const ReportingFlags& flags, Log& log) {
  const std::vector<TensorInfo> infos = engine.outputs();
  const NamedValues outputs = dense(stored, infos);
  if (flags.output) {
    log.info("Output Tensors:");
    for (const auto& [name, value] : outputs)
      if (has_values(value)) log.info(fmt::format("{}: ({})\n{}", name, dims_text(value.tensor.dims()), values_text(value.tensor, " ")));
  }
  if (flags.raw_bindings) {
    log.info("Dumping I/O Bindings to RAW Files:");
    write_raw(inputs, engine.inputs(), "input", log);
    write_raw(stored, infos, "output", log);
  }
  write_debug_tensors(outputs, flags.debug_files, log);
  if (!flags.export_output.empty()) save_text(flags.export_output, outputs_json(outputs));
}

}  // namespace tenon::trtexec
