#include "ir/subgraphs.h"

namespace tenon::core {
namespace {

template <class OnGraph>
class GraphVisitor : public FieldVisitor {
 public:
  explicit GraphVisitor(OnGraph on_graph) : on_graph_(on_graph) {}
  void visit(std::string_view, bool&) override {}
  void visit(std::string_view, int64_t&) override {}
  void visit(std::string_view, double&) override {}
  void visit(std::string_view, std::string&) override {}
  void visit(std::string_view, DType&) override {}
  void visit(std::string_view, std::optional<int64_t>&) override {}
  void visit(std::string_view, std::vector<int64_t>&) override {}
  void visit(std::string_view, std::vector<double>&) override {}
  void visit(std::string_view, std::vector<std::string>&) override {}
  void visit(std::string_view, ConstRef&) override {}
  void visit(std::string_view, GraphRef& g) override {
    if (g) on_graph_(g);
  }
  void visit_enum(std::string_view, int&, std::span<const std::string_view>) override {}

 private:
  OnGraph on_graph_;
};

}  // namespace

std::vector<GraphRef> subgraphs(const Op& op) {
  std::vector<GraphRef> out;
  GraphVisitor visitor([&](GraphRef& g) { out.push_back(g); });
  read_fields(op, visitor);
  return out;
}

OpRef with_subgraphs(const Op& op, const std::vector<GraphRef>& graphs) {
  std::shared_ptr<Op> copy = op.clone();
  size_t next = 0;
  GraphVisitor visitor([&](GraphRef& g) {
    assume(next < graphs.size(), "with_subgraphs: as many graphs as the op has");
    g = graphs[next++];
  });
  copy->fields(visitor);
  return copy;
}

}  // namespace tenon::core
