#pragma once
#include "NvInferRuntimeBase.h"

namespace nvinfer1 {

/// Two dims.
class Dims2 : public Dims {
 public:
  Dims2() : Dims2(0, 0) {}
  Dims2(int32_t d0, int32_t d1) : Dims{2, {d0, d1}} {}
};

/// Height and width.
class DimsHW : public Dims2 {
 public:
  DimsHW() : Dims2() {}
  DimsHW(int32_t height, int32_t width) : Dims2(height, width) {}
  int32_t& h() { return d[0]; }
  int32_t h() const { return d[0]; }
  int32_t& w() { return d[1]; }
  int32_t w() const { return d[1]; }
};

/// Three dims.
class Dims3 : public Dims2 {
 public:
  Dims3() : Dims3(0, 0, 0) {}
  Dims3(int32_t d0, int32_t d1, int32_t d2) : Dims2(d0, d1) {
    nbDims = 3;
    d[2] = d2;
  }
};

/// Four dims.
class Dims4 : public Dims3 {
 public:
  Dims4() : Dims4(0, 0, 0, 0) {}
  Dims4(int32_t d0, int32_t d1, int32_t d2, int32_t d3) : Dims3(d0, d1, d2) {
    nbDims = 4;
    d[3] = d3;
  }
};

}  // namespace nvinfer1
