#pragma once
#include <protozero/pbf_writer.hpp>

#include <string>
#include <vector>

#include "tenon/dtype.h"

namespace tenon::core::test {

/// Writes ONNX messages as bytes, right or wrong.
using Names = std::vector<std::string>;

inline std::string graph_attribute(const std::string& name, const std::string& graph) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  w.add_string(1, name);
  w.add_message(6, graph);
  w.add_int32(20, 5);
  return bytes;
}

inline std::string int_attribute(const std::string& name, int64_t value) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  w.add_string(1, name);
  w.add_int64(3, value);
  w.add_int32(20, 2);
  return bytes;
}

inline std::string node(const std::string& op_type, const Names& inputs, const Names& outputs,
                        const std::string& name = "", const std::vector<std::string>& attributes = {},
                        const std::string& domain = "") {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  for (const auto& i : inputs) w.add_string(1, i);
  for (const auto& o : outputs) w.add_string(2, o);
  w.add_string(3, name);
  w.add_string(4, op_type);
  for (const auto& a : attributes) w.add_message(5, a);
  w.add_string(7, domain);
  return bytes;
}

/// A dim is a number, or a name when it does not begin with a digit; "" has neither.
inline std::string value_info(const std::string& name, int data_type, const Names& dims) {
  std::string shape;
  for (const auto& d : dims) {
    std::string dim;
    protozero::pbf_writer w(dim);
    if (!d.empty() && d[0] >= '0' && d[0] <= '9')
      w.add_int64(1, std::stoll(d));
    else if (!d.empty())
      w.add_string(2, d);
    protozero::pbf_writer(shape).add_message(1, dim);
  }
  std::string tensor, type, bytes;
  protozero::pbf_writer t(tensor);
  t.add_int32(1, data_type);
  t.add_message(2, shape);
  protozero::pbf_writer(type).add_message(1, tensor);
  protozero::pbf_writer w(bytes);
  w.add_string(1, name);
  w.add_message(2, type);
  return bytes;
}

/// A TensorProto with raw data.
inline std::string raw_tensor(const std::string& name, int data_type, const std::vector<int64_t>& dims,
                              const std::string& raw) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  for (int64_t d : dims) w.add_int64(1, d);
  w.add_int32(2, data_type);
  w.add_string(8, name);
  w.add_bytes(9, raw);
  return bytes;
}

inline std::string external_tensor(const std::string& name, const std::vector<int64_t>& dims,
                                   const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  for (int64_t d : dims) w.add_int64(1, d);
  w.add_int32(2, 1);
  w.add_string(8, name);
  w.add_int32(14, 1);
  for (const auto& [key, value] : entries) {
    std::string entry;
    protozero::pbf_writer e(entry);
    e.add_string(1, key);
    e.add_string(2, value);
    w.add_message(13, entry);
  }
  return bytes;
}

struct GraphBytes {
  std::vector<std::string> nodes, inputs, outputs, initializers, sparse_initializers;
  std::string bytes() const {
    std::string result;
    protozero::pbf_writer w(result);
    for (const auto& n : nodes) w.add_message(1, n);
    w.add_string(2, "test");
    for (const auto& i : initializers) w.add_message(5, i);
    for (const auto& i : inputs) w.add_message(11, i);
    for (const auto& o : outputs) w.add_message(12, o);
    for (const auto& s : sparse_initializers) w.add_message(15, s);
    return result;
  }
};

inline std::string opset_import(int64_t version, const std::string& domain = "") {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  w.add_string(1, domain);
  w.add_int64(2, version);
  return bytes;
}

inline std::string model_of(const GraphBytes& graph, int64_t opset = 17,
                            const std::vector<std::string>& functions = {}) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  w.add_int64(1, 8);
  w.add_message(7, graph.bytes());
  w.add_message(8, opset_import(opset));
  for (const auto& f : functions) w.add_message(25, f);
  return bytes;
}

inline std::string function(const std::string& name, const std::string& domain, const Names& inputs,
                            const Names& outputs, const std::vector<std::string>& nodes) {
  std::string bytes;
  protozero::pbf_writer w(bytes);
  w.add_string(1, name);
  for (const auto& i : inputs) w.add_string(4, i);
  for (const auto& o : outputs) w.add_string(5, o);
  for (const auto& n : nodes) w.add_message(7, n);
  w.add_message(9, opset_import(17));
  w.add_string(10, domain);
  return bytes;
}

}  // namespace tenon::core::test
