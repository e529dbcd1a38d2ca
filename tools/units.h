#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tenon/dtype.h"

namespace tenon::cli {

using Dims = std::vector<int64_t>;

/// All of these fail with ErrorCode::usage, naming the flag and showing a right form.

/// "a:1x3x8,b:2,c:scalar". The dims stand behind the last colon, so names may hold colons; 'quotes' allow commas in
/// names.
std::map<std::string, Dims> parse_shapes(const std::string& flag, const std::string& text);
/// "a:chw4,b:chw+hwc8": the memory formats that each may have; likewise "a:f16".
std::map<std::string, std::vector<std::string>> parse_io_formats(const std::string& flag, const std::string& text);
std::map<std::string, DType> parse_io_types(const std::string& flag, const std::string& text);
/// "4G", "512M", "1.5g", "1000": multiples of 1024.
int64_t parse_bytes(const std::string& flag, const std::string& text);
/// "10", "500ms", "2m", in seconds; a number alone counts `unit` seconds.
double parse_seconds(const std::string& flag, const std::string& text, double unit);
/// "1,2,4".
std::vector<int64_t> parse_numbers(const std::string& flag, const std::string& text);
std::vector<std::string> split(std::string_view text, char separator);

std::string dims_text(const Dims&);     // "1x3x8", "scalar"
std::string bytes_text(int64_t bytes);  // "97.8 MiB"
std::string ms_text(double ms);         // "0.1234 ms", three to four digits
std::string count_text(int64_t count);  // "25.6 M"

}  // namespace tenon::cli
