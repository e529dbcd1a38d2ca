#pragma once
#include <string>
#include <vector>

#include "tenon/engine.h"

namespace tenon {

/// One ONNX node as `tenon check` reports it.
struct CheckedNode {
  std::string name, operation;
  std::string tier;     // fast, generated, reference, folded, unsupported
  std::string detail;   // the kernel, or the problem
  std::string error_id; // "E3003" when unsupported or wrong
};

struct ModelCheck {
  std::vector<CheckedNode> nodes;
  std::vector<std::string> problems;  // of the model as a whole
  int64_t opset = 0, parameters = 0;
  std::string producer;
  TENON_API bool ok() const;
};

/// Every node and all problems at once, never only the first.
TENON_API ModelCheck check_model(const std::string& onnx_path, const BuildOptions& = {});

struct ModelInfo {
  int64_t opset = 0, nodes = 0, parameters = 0;
  std::string producer, sha256;
};
TENON_API ModelInfo model_info(const std::string& onnx_path);

/// What a model says of its inputs and outputs; open dims are -1.
struct ModelSignature {
  std::vector<TensorInfo> inputs, outputs;
};
TENON_API ModelSignature model_signature(const std::string& onnx_path);

struct ErrorHelp {
  std::string id, name, meaning, advice;
  int exit_code = 1;
};
/// By id ("E3002") or by the words of a pasted message; nothing found: an empty id.
TENON_API ErrorHelp explain_error(const std::string& id_or_message);
TENON_API std::vector<ErrorHelp> all_errors();

/// A message of TensorRT that people search for: what was behind it, and what to do here.
struct MessageHelp {
  std::string id, wording, cause, fix;
  std::string error_id;  // of the error that Tenon gives instead; empty when it gives none
};
TENON_API std::vector<MessageHelp> known_messages();
/// By id ("M05") or by the words of a pasted message; nothing found: an empty id.
TENON_API MessageHelp explain_message(const std::string& id_or_message);
/// One of the two; the other one's id is empty.
struct LikelyHelp {
  MessageHelp message;
  ErrorHelp error;
  double likeness = 0;  // 0 to 1
};
/// For a message that neither knows: what shares most words with it, rare words counting more, the likeliest first. A guess.
TENON_API std::vector<LikelyHelp> guess_messages(const std::string& message, int most = 3);
TENON_API std::string exit_code_name(int code);

TENON_API std::string version();

}  // namespace tenon
