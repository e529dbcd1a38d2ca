#pragma once
#include "onnx/import.h"
#include "ops/attention.h"

namespace tenon::core {

/// Parts of `register_linear`, each in the file of its name.
void register_matmul(ImportTable&);
void register_attention(ImportTable&);
void register_attention_contrib(ImportTable&);
void register_group_query_attention(ImportTable&);
void register_recurrent(ImportTable&);
void register_signal(ImportTable&);
void register_random(ImportTable&);

/// Ops with constant parameters.
Value transposed(ImportContext&, Value x, std::vector<int64_t> permutation);
Value reshaped(ImportContext&, Value x, std::vector<int64_t> shape);  // 0 keeps a dim, -1 is what is left
Value unsqueezed(ImportContext&, Value x, std::vector<int64_t> axes);
Value squeezed(ImportContext&, Value x, std::vector<int64_t> axes);
Value sliced(ImportContext&, Value x, int64_t axis, int64_t start, int64_t end);
Value converted(ImportContext&, Value x, DType to);  // x itself when it has that type
Value concatenated(ImportContext&, std::vector<Value> parts, int64_t axis);
/// The dims [start, end) of x as i64[end - start].
Value dims_of(ImportContext&, Value x, int64_t start, int64_t end);
/// A constant of x's type and one element.
Value scalar_like(ImportContext&, Value x, double value);
Value added(ImportContext&, Value a, Value b);  // either may be left out
Value multiplied(ImportContext&, Value a, Value b);

/// [B,S,heads*D] -> [B,heads,S,D] and back.
Value split_heads(ImportContext&, Value x, int64_t heads);
Value merge_heads(ImportContext&, Value x);
/// An attribute that counts heads: required and positive.
int64_t head_count(ImportContext&, std::string_view attribute);
/// A dim that must be a number, of axis `axis` of `x`.
int64_t known_dim(ImportContext&, Value x, int axis, std::string_view what);
/// (a - a_zero_point) @ (b - b_zero_point) * a_scale * b_scale + bias in the type of the scales; zero points and bias
/// may be left out.
Value scaled_integer_product(ImportContext&, Value a, Value b, Value a_scale, Value b_scale, Value a_zero_point,
                             Value b_zero_point, Value bias);

}  // namespace tenon::core
