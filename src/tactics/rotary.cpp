#include <algorithm>

#include "base/checked.h"
#include "base/error.h"
#include "kernels/cpu/rotary.h"
#include "ops/attention.h"
#include "tactics/all.h"
#include "tactics/support.h"

namespace tenon::core {
namespace {

constexpr int64_t kRotaryGrain = 4096;  // elements of one piece, at least

/// Sizes of one call; positions 0: none, 1: that of the first token, 2: one for each token of each sample.
struct RotarySizes {
  int64_t batch, heads, tokens, size, half, rows;
  int positions;
  bool packed, interleaved;
};

class RotaryExecutable : public Executable {
 public:
  explicit RotaryExecutable(const RotarySizes& sizes) : s_(sizes) {}
  std::string kernel_name() const override { return s_.interleaved ? "rotary:even_odd" : "rotary:halves"; }

  void run(State*, const Args& args, Threads& threads) const override {
    const int64_t heads = s_.batch * s_.heads * s_.tokens;
    threads.parallel_ranges(heads, std::max<int64_t>(1, kRotaryGrain / std::max<int64_t>(1, s_.size)), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t row = row_of(args, i) * s_.half;
        cpu::turn_head({args.in[0].in<float>() + i * s_.size, args.in[1].in<float>() + row, args.in[2].in<float>() + row, s_.half, s_.size,
                        s_.interleaved, args.out[0].out<float>() + i * s_.size});
      }
    });
  }

 private:
  /// Of the cosines and sines of head `i`, in the order of x.
  int64_t row_of(const Args& args, int64_t i) const {
    const int64_t outer = s_.packed ? i / (s_.heads * s_.tokens) : i / s_.tokens / s_.heads;
    const int64_t token = s_.packed ? i / s_.heads % s_.tokens : i % s_.tokens, of_sample = outer * s_.tokens + token;
    if (s_.positions == 0) return of_sample;
    const int64_t* given = args.in[3].in<int64_t>();
    const int64_t row = s_.positions == 1 ? checked_add(given[0], token) : given[of_sample];
    if (row < 0 || row >= s_.rows)
      fail(ErrorCode::runtime_index, "RotaryEmbedding: position {} is outside cos and sin of {} rows", row, s_.rows);
    return row;
  }

  RotarySizes s_;
};

class RotaryTactic : public Tactic {
 public:
  std::string_view name() const override { return "rotary"; }

  std::vector<Offer> offers(const Problem& p, std::string& why) const override {
    if (!p.node().as<RotaryEmbedding>()) why = "not a rotary embedding";
    if (!why.empty() || !plain_tensors(p, why)) return {};
    for (const int i : {0, 1, 2})
      if (p.input(i).dtype() != DType::f32) why = fmt::format("turns f32 only, found {}", to_string(p.input(i).dtype()));
    if (!why.empty()) return {};
    Offer offer = row_major_offer(p, name());
    offer.share = Share::in_place;
    return {offer};
  }

  std::shared_ptr<const Executable> prepare(const PrepareContext& cx, std::string& why) const override {
    const RotaryEmbedding& op = *cx.problem.node().as<RotaryEmbedding>();
    const Dims& x = cx.shapes.in[0];
    const bool packed = op.heads != 0, given = cx.problem.input(3).present();
    RotarySizes s{x[0], packed ? op.heads : x[1], x[packed ? 1 : 2], packed ? x[2] / op.heads : x[3], 0, 0, 0, packed, op.interleaved};
    s.half = (op.rotary != 0 ? op.rotary : s.size) / 2;
    s.rows = given ? cx.shapes.in[1][0] : s.batch * s.tokens;
    s.positions = !given ? 0 : cx.shapes.in[3].size() == 1 ? 1 : 2;
    const Dims angles = given ? Dims{s.rows, s.half} : Dims{s.batch, s.tokens, s.half};
    const bool all_given = s.positions == 0 || cx.shapes.in[3] == (s.positions == 1 ? Dims{1} : Dims{s.batch, s.tokens});
    if (cx.shapes.in[1] != angles || cx.shapes.in[2] != angles || !all_given || s.half * 2 > s.size || (packed && x[2] % op.heads != 0) ||
        (op.rotary == 0 && s.size % 2 != 0)) {
      why = "the angles do not fit the heads";
      return nullptr;
    }
    return std::make_shared<RotaryExecutable>(s);
  }
};

}  // namespace

const Tactic& rotary_tactic() {
  static const RotaryTactic tactic;
  return tactic;
}

}  // namespace tenon::core
