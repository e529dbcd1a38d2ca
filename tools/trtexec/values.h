#pragma once
#include <string>
#include <utility>
#include <vector>

#include "trtexec/options.h"

namespace tenon::trtexec {

/// All fail with ErrorCode::usage, naming the flag, what was expected and what was found.
int64_t to_int(const char* flag, const std::string& text, int64_t low);
double to_number(const char* flag, const std::string& text, double low);
/// "name:value" pairs between commas; the value stands behind the last colon, names may stand in 'quotes'.
std::vector<std::pair<std::string, std::string>> to_pairs(const char* flag, const std::string& text);
/// "+A,-B": names in capitals with what their sign says.
std::vector<std::pair<std::string, bool>> to_switches(const char* flag, const std::string& text);
/// `text` when it is one of the words.
std::string to_word(const char* flag, const std::string& text, const std::vector<std::string>& words);
std::map<std::string, Dims> to_shapes(const char* flag, const std::string& text);
std::vector<IoFormat> to_io_formats(const char* flag, const std::string& text);
/// fp32, fp16, bf16, int32, int8, ... as Tenon's type; DType::none for other words.
DType type_of(const std::string& trtexec_name);
/// "1x3x224x224"; a scalar is empty, as TensorRT prints it.
std::string dims_text(const Dims&);

}  // namespace tenon::trtexec
