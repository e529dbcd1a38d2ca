#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "devices/device.h"
#include "plan/plan.h"

namespace tenon::core {

/// The weight forms in use, made once: forms of different constants or keys side by side. Also counts their bytes.
class Weights : public WeightStore {
 public:
  Tensor plain(const ConstRef&) override;
  std::shared_ptr<const void> packed(const ConstRef&, const std::string& key, int64_t bytes,
                                     FunctionRef<std::shared_ptr<const void>(const Tensor&)> make) override;
  int64_t packed_bytes() const;

 private:
  struct Form {
    std::mutex mutex;
    std::shared_ptr<const void> made;
  };
  mutable std::mutex mutex_;
  std::map<ConstRef, Tensor> plain_;
  std::map<std::pair<ConstRef, std::string>, std::shared_ptr<Form>> packed_;
  int64_t packed_bytes_ = 0;
};

/// What a step runs: which tactic was taken and why others were not.
struct Prepared {
  std::shared_ptr<const Executable> executable;
  std::vector<int64_t> offsets;  // of Tactic::offsets, where memory is shared so
  std::string fallback;  // why the chosen offer could not run these shapes; empty when it could
};

/// A graph with its choices, ready to run: the plan, and the executables per concrete shape. Shared by contexts and
/// threads. Subgraphs of control flow are programs of their own.
class Program {
 public:
  struct Setup {
    Graph graph;
    Choices choices;
    std::shared_ptr<Device> device;
    TacticOptions options;
    Bindings tuned{};  // the dims that the choices were made for; none when all are fixed
  };
  Program(Setup setup, std::shared_ptr<Threads> threads, std::shared_ptr<Weights> weights);

  const Graph& graph() const { return setup_.graph; }
  const Choices& choices() const { return setup_.choices; }
  const Plan& plan() const { return plan_; }
  Device& device() const { return *setup_.device; }
  const TacticOptions& options() const { return setup_.options; }
  Threads& threads() const { return *threads_; }
  Weights& weights() const { return *weights_; }
  Problem problem(NodeId id) const { return {setup_.graph, id, setup_.device->info(), setup_.options}; }

  /// Makes the executables of several steps side by side. What fails is left to `prepare`.
  void prepare_together(std::span<const std::pair<NodeId, NodeShapes>> steps) const;
  /// The executable of a step at these shapes, if it was asked for before; else null.
  std::shared_ptr<const Prepared> prepared(NodeId id, const NodeShapes& shapes) const;
  /// The executable of a step at these shapes; kept for the next caller, but not when very many shapes came by.
  std::shared_ptr<const Prepared> prepare(NodeId id, const NodeShapes& shapes) const;
  /// The programs of the bodies of a control-flow node, in the order of its GraphRef fields; none for other nodes.
  const std::vector<std::shared_ptr<const Program>>& bodies(NodeId id) const;
  /// The executable that moves a value of these dims from one slot's format to another's.
  std::shared_ptr<const Prepared> prepare_reorder(DType, const Dims&, const Format& from, const Format& to) const;
  /// A weight's bytes as steps read them: in this format, at this place.
  std::shared_ptr<const std::byte> constant(const ConstRef&, const Format&) const;

 private:
  struct StandIn {
    const Tactic* tactic;
    Offer offer;
  };
  /// Of one node.
  struct StandIns {
    std::once_flag looked;
    std::optional<NodeShapes> tuned;
    std::vector<StandIn> list;
  };
  Prepared make(NodeId id, const NodeShapes& shapes) const;
  std::shared_ptr<const Executable> try_tactic(NodeId, const NodeShapes&, const Tactic&, const Offer&, std::string& why, std::string& no_memory) const;
  /// For dims other than the tuned ones, best first: none when the chosen kernel is as good.
  const StandIns* stand_ins(NodeId) const;
  std::vector<StandIn> find_stand_ins(NodeId, const std::optional<NodeShapes>& tuned) const;
  std::shared_ptr<const Executable> prepare_stand_in(NodeId, const std::vector<StandIn>&, const NodeShapes&, std::string& no_memory) const;
  Setup setup_;
  Plan plan_;
  std::shared_ptr<Threads> threads_;
  std::shared_ptr<Weights> weights_;
  std::map<NodeId, std::vector<std::shared_ptr<const Program>>> bodies_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<NodeId, NodeShapes>, std::shared_ptr<const Prepared>> prepared_;
  struct ReorderKey {
    DType dtype;
    Dims dims;
    Format from, to;
    auto operator<=>(const ReorderKey&) const = default;
  };
  mutable std::map<NodeId, StandIns> stand_ins_;
  mutable std::map<ReorderKey, std::shared_ptr<const Prepared>> reorders_;
};

}  // namespace tenon::core
