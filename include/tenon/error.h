#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "tenon/export.h"

namespace tenon {

/// The thousands digit is the exit code of the command line tool (see `exit_code`). Values never change meaning.
enum class ErrorCode : int {
  internal = 1001,
  out_of_time = 1240,
  interrupted = 1300,
  usage = 2001,
  unknown_name = 2002,        // a tensor, flag value or device that does not exist
  bad_input = 2003,           // an input tensor of the wrong type, shape or value range
  bad_file = 2004,            // a file that can't be read, or is not what its name says (npy, npz, json)
  not_onnx = 3001,            // not an ONNX file, or truncated
  invalid_model = 3002,       // breaks the ONNX specification or contradicts itself
  unsupported_operator = 3003,
  bad_external_data = 3004,   // missing, too short, or outside the model's folder
  shape_mismatch = 3005,      // shapes that contradict each other
  too_large = 3006,           // a dimension product or size that overflows or exceeds the limits
  needs_shapes = 3007,        // the model refuses the default shapes; flags must be given
  odd_weights = 3008,         // weights that are NaN or infinite
  build_failed = 4001,
  no_kernel = 4002,
  accuracy = 5001,
  out_of_memory = 6001,
  corrupt_engine = 7001,
  newer_engine = 7002,
  write_failed = 7003,
  bad_timing_cache = 7004,
  performance_gate = 8001,
  no_device = 9001,
  device_failed = 9002,       // a GPU or one of its libraries reported a failure
  runtime_index = 3101,       // an index out of range while running
  runtime_value = 3102,       // another value a node cannot accept while running
};

/// Everything Tenon throws. `what()` is the message, with the context (node, file) in front.
class TENON_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// "E3002".
TENON_API std::string error_id(ErrorCode);
/// 0 ok; 1 internal; 2 usage; 3 model; 4 build; 5 accuracy; 6 memory; 7 engine; 8 performance; 9 device; 124; 130.
TENON_API int exit_code(ErrorCode);

}  // namespace tenon
