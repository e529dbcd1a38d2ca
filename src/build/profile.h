#pragma once
#include "engine/engine_data.h"
#include "onnx/import.h"
#include "tenon/options.h"

namespace tenon::core {

/// What the shape options say about a model's inputs: dims that are fixed, and the range and tuned value of the rest.
struct ShapeRequest {
  std::map<std::string, Shape> fixed;      // input -> dims, for ImportOptions::input_shapes
  Profile profile;
  std::vector<std::string> assumptions;    // "input 'x': dim 'H' (axis 2) is tuned for 224"
};

/// `inputs`: the declared types. Fails naming the input, what was given and what was declared.
ShapeRequest plan_shapes(const std::vector<std::pair<std::string, Type>>& inputs, const std::map<std::string, ShapeRange>& given);

}  // namespace tenon::core
