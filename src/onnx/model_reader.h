#pragma once
#include "onnx/model.h"

namespace tenon::core {

/// Messages a model may hold: they cost more memory than the file when they are tiny.
inline constexpr int64_t kMaxMessages = 5'000'000;

/// Reads with a count of messages and a depth of nesting, both limited.
class ModelReader {
 public:
  void read(std::string_view bytes, OnnxModel& model);
  void read(std::string_view bytes, OnnxTensor& tensor);
  void read(std::string_view bytes, OnnxType& type);
  int64_t node_count() const { return node_count_; }

 private:
  struct Nesting {
    explicit Nesting(ModelReader& reader);
    ~Nesting() { --depth; }
    int& depth;
  };
  void count();
  void read(std::string_view bytes, OnnxGraph& graph);
  void read(std::string_view bytes, OnnxFunction& function);
  void read(std::string_view bytes, OnnxNode& node);
  void read(std::string_view bytes, OnnxAttribute& attribute);
  void read(std::string_view bytes, OnnxSparseTensor& tensor);
  void read(std::string_view bytes, OnnxValueInfo& info);
  void read(std::string_view bytes, Opsets& opsets);
  void read(std::string_view bytes, std::pair<std::string_view, std::string_view>& entry);
  void read_tensor_type(std::string_view bytes, OnnxType& type);
  void read_shape(std::string_view bytes, OnnxType& type);

  template <class T>
  void append(std::string_view bytes, std::vector<T>& into) {
    count();
    read(bytes, into.emplace_back());
  }
  template <class T>
  void replace(std::string_view bytes, std::unique_ptr<T>& into) {
    count();
    into = std::make_unique<T>();
    read(bytes, *into);
  }

  int64_t messages_ = 0, node_count_ = 0;
  int depth_ = 0;
};

}  // namespace tenon::core
