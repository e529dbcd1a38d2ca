// Reads one line of text from a PNG with PP-OCRv4's line recognizer.
//   read_text ENGINE CHARACTERS PICTURE [FILE.npz]
// CHARACTERS: one character a line, as the model numbers them. FILE.npz gets the network's input and output.
#include <tenon/compare.h>
#include <tenon/engine.h>
#include <tenon/files.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <sstream>

#include "picture.h"

namespace {

constexpr int kHeight = 48, kNarrowest = 320;

/// One channel of the picture between pixels, mixed linearly, its edges repeated.
float sample(const Picture& p, double x, double y, int channel) {
  const auto at = [&](int column, int row) {
    column = std::clamp(column, 0, p.width - 1);
    row = std::clamp(row, 0, p.height - 1);
    return static_cast<double>(p.rgb[(static_cast<size_t>(row) * p.width + column) * 3 + channel]);
  };
  const int left = static_cast<int>(std::floor(x)), top = static_cast<int>(std::floor(y));
  const double fx = x - left, fy = y - top;
  const double upper = at(left, top) * (1 - fx) + at(left + 1, top) * fx;
  const double lower = at(left, top + 1) * (1 - fx) + at(left + 1, top + 1) * fx;
  return static_cast<float>(upper * (1 - fy) + lower * fy);
}

/// The picture 48 pixels high, as blue, green, red planes in [-1, 1]; what is left of the width is 0.
tenon::Tensor prepare(const Picture& p) {
  const double scale = static_cast<double>(kHeight) / p.height;
  const int columns = static_cast<int>(std::ceil(p.width * scale));
  const int width = std::max(columns, kNarrowest);
  tenon::Tensor input(tenon::DType::f32, {1, 3, kHeight, width});
  const double step_x = static_cast<double>(p.width) / columns, step_y = static_cast<double>(p.height) / kHeight;
  float* out = input.as<float>();
  for (int plane = 0; plane < 3; ++plane)
    for (int y = 0; y < kHeight; ++y)
      for (int x = 0; x < columns; ++x)
        out[(plane * kHeight + y) * width + x] = sample(p, (x + 0.5) * step_x - 0.5, (y + 0.5) * step_y - 0.5, 2 - plane) / 127.5F - 1;
  return input;
}

std::vector<std::string> read_characters(const std::string& path) {
  std::vector<std::string> characters;
  std::istringstream lines(tenon::load_text(path));
  for (std::string line; std::getline(lines, line);) characters.push_back(line);
  return characters;
}

/// The best class of each column; 0 is "no character", repeats are one character, the last class is a space.
std::string decode(const tenon::Tensor& scores, const std::vector<std::string>& characters) {
  const int64_t columns = scores.dims().at(1), classes = scores.dims().at(2);
  std::string text;
  int64_t before = 0;
  for (int64_t i = 0; i < columns; ++i) {
    const float* row = scores.as<float>() + i * classes;
    const int64_t best = std::max_element(row, row + classes) - row;
    if (best != 0 && best != before) text += best - 1 < static_cast<int64_t>(characters.size()) ? characters[best - 1] : " ";
    before = best;
  }
  return text;
}

double median_ms(tenon::Context& context, int runs) {
  std::vector<double> times;
  for (int i = 0; i < runs; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    context.run();
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void read_text(int argc, char** argv) {
  const tenon::Engine engine = tenon::Engine::load(argv[1]);
  const auto characters = read_characters(argv[2]);
  const tenon::Tensor input = prepare(read_png(argv[3]));
  tenon::Context context = engine.create_context();
  context.set_input(engine.inputs().at(0).name, input);
  const double ms = median_ms(context, 30);
  const std::string output_name = engine.outputs().at(0).name;
  const tenon::Tensor output = context.output(output_name).tensor;
  std::printf("text: %s\n", decode(output, characters).c_str());
  std::printf("time: %.2f ms a picture (median of 30, %d threads)\n", ms, engine.threads());
  if (argc > 4) tenon::save_npz(argv[4], {{engine.inputs()[0].name, input}, {output_name, output}});
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return std::fprintf(stderr, "usage: read_text ENGINE CHARACTERS PICTURE [FILE.npz]\n"), 2;
  try {
    read_text(argc, argv);
  } catch (const tenon::Error& e) {
    std::fprintf(stderr, "%s: %s\n", tenon::error_id(e.code()).c_str(), e.what());
    return tenon::exit_code(e.code());
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
