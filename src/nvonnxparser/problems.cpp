#include "nvonnxparser/problems.h"

namespace tenon::adapter {

using Code = nvonnxparser::ErrorCode;

namespace {

const char* name_of(Code code) {
  switch (code) {
    case Code::kSUCCESS: return "SUCCESS";
    case Code::kINTERNAL_ERROR: return "INTERNAL_ERROR";
    case Code::kMEM_ALLOC_FAILED: return "MEM_ALLOC_FAILED";
    case Code::kMODEL_DESERIALIZE_FAILED: return "MODEL_DESERIALIZE_FAILED";
    case Code::kINVALID_VALUE: return "INVALID_VALUE";
    case Code::kINVALID_GRAPH: return "INVALID_GRAPH";
    case Code::kINVALID_NODE: return "INVALID_NODE";
    case Code::kUNSUPPORTED_GRAPH: return "UNSUPPORTED_GRAPH";
    case Code::kUNSUPPORTED_NODE: return "UNSUPPORTED_NODE";
    case Code::kUNSUPPORTED_NODE_ATTR: return "UNSUPPORTED_NODE_ATTR";
    case Code::kUNSUPPORTED_NODE_INPUT: return "UNSUPPORTED_NODE_INPUT";
    case Code::kUNSUPPORTED_NODE_DATATYPE: return "UNSUPPORTED_NODE_DATATYPE";
    case Code::kUNSUPPORTED_NODE_DYNAMIC: return "UNSUPPORTED_NODE_DYNAMIC";
    case Code::kUNSUPPORTED_NODE_SHAPE: return "UNSUPPORTED_NODE_SHAPE";
    case Code::kREFIT_FAILED: return "REFIT_FAILED";
  }
  return "UNKNOWN";
}

}  // namespace

Code parser_code(const core::NodeReport& report) {
  const bool in_node = report.node >= 0;
  switch (report.code) {
    case ErrorCode::not_onnx:
    case ErrorCode::bad_file: return Code::kMODEL_DESERIALIZE_FAILED;
    case ErrorCode::bad_external_data:
    case ErrorCode::bad_input: return Code::kINVALID_VALUE;
    case ErrorCode::unsupported_operator: return in_node ? Code::kUNSUPPORTED_NODE : Code::kUNSUPPORTED_GRAPH;
    case ErrorCode::too_large:
    case ErrorCode::out_of_memory: return Code::kMEM_ALLOC_FAILED;
    case ErrorCode::internal: return Code::kINTERNAL_ERROR;
    default: return in_node ? Code::kINVALID_NODE : Code::kINVALID_GRAPH;
  }
}

Problem::Problem(Place place, Code code, core::NodeReport report) : place_(place), code_(code), report_(std::move(report)) {
  description_ = report_.node < 0 ? fmt::format("{}: {}", name_of(code), report_.problem)
                                  : fmt::format("In node {} with name: {} and operator: {} ({}): {}: {}", report_.node, report_.name, report_.operation, place.function,
                                                name_of(code), report_.problem);
  for (const std::string& call : report_.calls) stack_.push_back(call.c_str());
}

void Problems::add(Place place, Code code, core::NodeReport report) {
  list_.push_back(std::make_unique<Problem>(place, code, std::move(report)));
  const Problem& p = *list_.back();
  if (p.node() >= 0) report_.log(nvinfer1::ILogger::Severity::kERROR, fmt::format("While parsing node number {} [{} -> \"{}\"]:", p.node(), p.nodeOperator(), p.report().output));
  report_.log(nvinfer1::ILogger::Severity::kERROR, fmt::format("ERROR: {}:{} In function {}:\n[{}] {}", p.file(), p.line(), p.func(), static_cast<int>(p.code()), p.desc()));
}

void Problems::add_current_exception(Place place) noexcept {
  try {
    core::NodeReport report;
    Code code = Code::kUNSUPPORTED_GRAPH;
    try {
      throw;
    } catch (const Error& e) {
      report.code = e.code();
      report.problem = e.what();
      code = parser_code(report);
    } catch (const ApiError& e) {
      report.problem = e.what();
    } catch (const std::bad_alloc&) {
      report.problem = "there is not enough memory";
      code = Code::kMEM_ALLOC_FAILED;
    } catch (const std::exception& e) {
      report.problem = e.what();
      code = Code::kINTERNAL_ERROR;
    }
    add(place, code, std::move(report));
  } catch (...) {
    report_.log(nvinfer1::ILogger::Severity::kERROR, "there is not enough memory to report a problem");
  }
}

const Problem* Problems::at(int index) const { return index >= 0 && index < count() ? list_[static_cast<size_t>(index)].get() : nullptr; }

}  // namespace tenon::adapter
