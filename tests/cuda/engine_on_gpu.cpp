#include "engine_on_gpu.h"

#include "base/random.h"
#include "ops/matmul.h"
#include "ops/normalize.h"

namespace tenon::core::cuda {
namespace {

Tensor seeded_tensor(const Dims& dims, uint64_t seed) {
  std::vector<float> values(static_cast<size_t>(checked_product(dims)));
  for (float& v : values) v = static_cast<float>(next_random(seed) % 2001) / 1000 - 1;
  return from_floats(DType::f32, dims, values);
}

}  // namespace

Built small_engine(int gpu) {
  BuildOptions options;
  options.device = "cuda:" + std::to_string(gpu);
  options.opt_level = 0;
  options.verify = false;
  const auto source = [](const auto&, const Log&) {
    Graph g;
    g.name = "small";
    const Value x = g.add_input("x", Type::tensor(DType::f32, Shape{32, 256}));
    const Value product = g.add(std::make_shared<MatMul>(), {x, g.add_constant(seeded_tensor({256, 256}, 2)), Value{}, Value{}},
                                {g.add_origin({"the product", "MatMul"})});
    auto softmax = std::make_shared<Softmax>();
    softmax->axis = 1;
    g.add_output("y", g.add(softmax, {product}));
    return g;
  };
  return build(GraphSource(source), options);
}

Tensor small_input() { return seeded_tensor({32, 256}, 1); }

std::vector<std::byte> small_result(const Built& built) {
  Execution execution(built.program);
  execution.set_input(0, small_input());
  execution.run();
  const auto bytes = std::get<Tensor>(execution.output(0).value()).bytes();
  return {bytes.begin(), bytes.end()};
}

}  // namespace tenon::core::cuda
