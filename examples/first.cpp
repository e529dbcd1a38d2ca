#include <cstdio>
#include <tenon/engine.h>

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: first model.onnx\n"), 2;
  try {
    tenon::BuildOptions options;
    options.device = "cpu";
    const tenon::Engine built = tenon::Engine::build(argv[1], options);  // imports, fuses, measures, verifies
    built.save("model.engine");
    std::printf("%s; %s\n", built.report().verdict.c_str(), built.report().coverage.c_str());

    const tenon::Engine engine = tenon::Engine::load("model.engine");  // what a program does later
    const auto inputs = engine.example_inputs(/*seed=*/1);             // your own data: Tensor::wrap(dtype, dims, pointer)
    tenon::Context context = engine.create_context();                  // one per thread
    for (const auto& [name, value] : inputs) context.set_input(name, value);
    context.run();

    for (const auto& [name, value] : context.outputs()) {
      std::printf("%s:", name.c_str());
      for (int64_t dim : value.tensor.dims()) std::printf(" %lld", static_cast<long long>(dim));
      std::printf("\n");
    }
  } catch (const tenon::Error& e) {
    std::fprintf(stderr, "%s: %s\n", tenon::error_id(e.code()).c_str(), e.what());
    return tenon::exit_code(e.code());
  }
}
