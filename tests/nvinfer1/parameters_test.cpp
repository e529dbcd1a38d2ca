#include "network_support.h"

using namespace nvinfer1;
using namespace tenon::test;

namespace {

/// What setters are told, getters give back; and the layer becomes what it was told.
struct ParametersTest : NetworkTest {
  static std::vector<int32_t> shape(ILayer* layer) { return list(layer->getOutput(0)->getDimensions()); }
  using Sizes = std::vector<int32_t>;
};

TEST_F(ParametersTest, Convolution) {
  auto* conv = network->addConvolutionNd(input("x", {1, 2, 9, 9}), 1, dims({1, 1}), none(), weights({7}));
  conv->setNbOutputMaps(2);
  EXPECT_EQ(conv->getNbOutputMaps(), 2);
  EXPECT_EQ(conv->getBiasWeights().count, 1);
  conv->setBiasWeights(none());
  conv->setKernelWeights(weights(Floats(24, 1)));
  conv->setKernelSizeNd(dims({3, 2}));
  EXPECT_EQ(list(conv->getKernelSizeNd()), (Sizes{3, 2}));
  EXPECT_EQ(conv->getKernelSize().h(), 3);
  conv->setKernelSize(DimsHW(2, 3));
  EXPECT_EQ(conv->getKernelSize().w(), 3);
  conv->setStrideNd(dims({2, 3}));
  EXPECT_EQ(list(conv->getStrideNd()), (Sizes{2, 3}));
  EXPECT_EQ(conv->getStride().w(), 3);
  conv->setStride(DimsHW(3, 2));
  conv->setPadding(DimsHW(1, 2));
  EXPECT_EQ(conv->getPadding().w(), 2);
  EXPECT_EQ(list(conv->getPaddingNd()), (Sizes{1, 2}));
  conv->setPrePadding(dims({0, 1}));
  conv->setPostPadding(dims({3, 0}));
  EXPECT_EQ(list(conv->getPrePadding()), (Sizes{0, 1}));
  EXPECT_EQ(list(conv->getPostPadding()), (Sizes{3, 0}));
  conv->setDilationNd(dims({2, 1}));
  EXPECT_EQ(list(conv->getDilationNd()), (Sizes{2, 1}));
  conv->setDilation(DimsHW(1, 2));
  EXPECT_EQ(conv->getDilation().w(), 2);
  EXPECT_EQ(conv->getPaddingMode(), PaddingMode::kEXPLICIT_ROUND_DOWN);
  EXPECT_EQ(shape(conv), (Sizes{1, 2, 4, 3}));  // (12 - 2) / 3 + 1, (10 - 5) / 2 + 1
  conv->setPaddingMode(PaddingMode::kSAME_UPPER);
  EXPECT_EQ(shape(conv), (Sizes{1, 2, 3, 5}));
  conv->setNbGroups(2);
  EXPECT_EQ(conv->getNbGroups(), 2);
}

TEST_F(ParametersTest, Deconvolution) {
  auto* layer = network->addDeconvolution(input("x", {1, 1, 3, 3}), 1, DimsHW(1, 1), none(), weights({7}));
  layer->setNbOutputMaps(2);
  EXPECT_EQ(layer->getNbOutputMaps(), 2);
  EXPECT_EQ(layer->getBiasWeights().count, 1);
  layer->setBiasWeights(none());
  layer->setKernelWeights(weights(Floats(12, 1)));
  EXPECT_EQ(layer->getKernelWeights().count, 12);
  layer->setKernelSizeNd(dims({3, 2}));
  EXPECT_EQ(list(layer->getKernelSizeNd()), (Sizes{3, 2}));
  layer->setKernelSize(DimsHW(2, 3));
  EXPECT_EQ(layer->getKernelSize().w(), 3);
  layer->setStrideNd(dims({2, 3}));
  EXPECT_EQ(list(layer->getStrideNd()), (Sizes{2, 3}));
  layer->setStride(DimsHW(3, 2));
  EXPECT_EQ(layer->getStride().h(), 3);
  EXPECT_EQ(shape(layer), (Sizes{1, 2, 8, 7}));
  layer->setPaddingNd(dims({1, 0}));
  EXPECT_EQ(list(layer->getPaddingNd()), (Sizes{1, 0}));
  layer->setPadding(DimsHW(1, 1));
  EXPECT_EQ(layer->getPadding().w(), 1);
  EXPECT_EQ(shape(layer), (Sizes{1, 2, 6, 5}));
  layer->setPrePadding(dims({0, 1}));
  layer->setPostPadding(dims({2, 0}));
  EXPECT_EQ(list(layer->getPrePadding()), (Sizes{0, 1}));
  EXPECT_EQ(list(layer->getPostPadding()), (Sizes{2, 0}));
  layer->setDilationNd(dims({1, 2}));
  EXPECT_EQ(list(layer->getDilationNd()), (Sizes{1, 2}));
  EXPECT_EQ(shape(layer), (Sizes{1, 2, 6, 8}));
  EXPECT_EQ(layer->getPaddingMode(), PaddingMode::kEXPLICIT_ROUND_DOWN);
  EXPECT_EQ(layer->getNbGroups(), 1);
}

TEST_F(ParametersTest, FullyConnected) {
  auto* layer = network->addFullyConnected(input("x", {1, 2, 1, 1}), 9, none(), weights({7}));
  layer->setNbOutputChannels(3);
  EXPECT_EQ(layer->getNbOutputChannels(), 3);
  EXPECT_EQ(layer->getBiasWeights().count, 1);
  layer->setBiasWeights(weights({1, 2, 3}));
  layer->setKernelWeights(weights({1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(layer->getKernelWeights().count, 6);
  EXPECT_EQ(shape(layer), (Sizes{1, 3, 1, 1}));
}

TEST_F(ParametersTest, Pooling) {
  auto* pool = network->addPoolingNd(input("x", {1, 1, 8, 8}), PoolingType::kMAX, dims({1, 1}));
  pool->setPoolingType(PoolingType::kMAX_AVERAGE_BLEND);
  EXPECT_EQ(pool->getPoolingType(), PoolingType::kMAX_AVERAGE_BLEND);
  pool->setWindowSizeNd(dims({3, 2}));
  EXPECT_EQ(list(pool->getWindowSizeNd()), (Sizes{3, 2}));
  pool->setWindowSize(DimsHW(3, 3));
  EXPECT_EQ(pool->getWindowSize().h(), 3);
  pool->setStrideNd(dims({2, 3}));
  EXPECT_EQ(list(pool->getStrideNd()), (Sizes{2, 3}));
  EXPECT_EQ(pool->getStride().w(), 3);
  pool->setPaddingNd(dims({1, 1}));
  EXPECT_EQ(list(pool->getPaddingNd()), (Sizes{1, 1}));
  EXPECT_EQ(pool->getPadding().w(), 1);
  pool->setPrePadding(dims({0, 1}));
  pool->setPostPadding(dims({0, 0}));
  EXPECT_EQ(list(pool->getPrePadding()), (Sizes{0, 1}));
  EXPECT_EQ(list(pool->getPostPadding()), (Sizes{0, 0}));
  EXPECT_EQ(shape(pool), (Sizes{1, 1, 3, 3}));
  pool->setPaddingMode(PaddingMode::kEXPLICIT_ROUND_UP);
  EXPECT_EQ(pool->getPaddingMode(), PaddingMode::kEXPLICIT_ROUND_UP);
  EXPECT_EQ(shape(pool), (Sizes{1, 1, 4, 3}));
  pool->setBlendFactor(0.5f);
  EXPECT_EQ(pool->getBlendFactor(), 0.5f);
  EXPECT_TRUE(pool->getAverageCountExcludesPadding());
}

TEST_F(ParametersTest, LrnAndScale) {
  ITensor& x = input("x", {1, 2, 1, 1});
  auto* lrn = network->addLRN(x, 1, 9, 9, 9);
  lrn->setWindowSize(3);
  lrn->setAlpha(3);
  lrn->setBeta(1);
  lrn->setK(2);
  EXPECT_EQ(lrn->getWindowSize(), 3);
  EXPECT_EQ(lrn->getAlpha(), 3);
  EXPECT_EQ(lrn->getBeta(), 1);
  EXPECT_EQ(lrn->getK(), 2);
  auto* scale = network->addScaleNd(x, ScaleMode::kUNIFORM, none(), none(), none(), 0);
  scale->setMode(ScaleMode::kCHANNEL);
  EXPECT_EQ(scale->getMode(), ScaleMode::kCHANNEL);
  scale->setChannelAxis(1);
  EXPECT_EQ(scale->getChannelAxis(), 1);
  scale->setShift(weights({1, 2}));
  scale->setScale(weights({3, 4}));
  scale->setPower(weights({2, 1}));
  EXPECT_EQ(static_cast<const float*>(scale->getShift().values)[1], 2);
  EXPECT_EQ(static_cast<const float*>(scale->getScale().values)[1], 4);
  EXPECT_EQ(static_cast<const float*>(scale->getPower().values)[0], 2);
  output(lrn->getOutput(0), "lrn");
  output(scale->getOutput(0), "scale");
  give("x", Floats{1, 2});
  run();
  expect("lrn", {1.0f / 7, 2.0f / 7});
  expect("scale", {16, 10});
}

TEST_F(ParametersTest, Operations) {
  ITensor &x = input("x", {2, 2}), &y = constant({2, 2}, {1, 2, 3, 4});
  auto* unary = network->addUnary(x, UnaryOperation::kEXP);
  unary->setOperation(UnaryOperation::kNEG);
  EXPECT_EQ(unary->getOperation(), UnaryOperation::kNEG);
  auto* element = network->addElementWise(x, y, ElementWiseOperation::kSUM);
  element->setOperation(ElementWiseOperation::kSUB);
  EXPECT_EQ(element->getOperation(), ElementWiseOperation::kSUB);
  auto* reduce = network->addReduce(x, ReduceOperation::kMAX, 1, false);
  reduce->setOperation(ReduceOperation::kSUM);
  reduce->setReduceAxes(2);
  reduce->setKeepDimensions(true);
  EXPECT_EQ(reduce->getOperation(), ReduceOperation::kSUM);
  EXPECT_EQ(reduce->getReduceAxes(), 2u);
  EXPECT_TRUE(reduce->getKeepDimensions());
  EXPECT_EQ(shape(reduce), (Sizes{2, 1}));
  auto* top = network->addTopK(x, TopKOperation::kMAX, 2, 1);
  top->setOperation(TopKOperation::kMIN);
  top->setK(1);
  top->setReduceAxes(2);
  EXPECT_EQ(top->getOperation(), TopKOperation::kMIN);
  EXPECT_EQ(top->getK(), 1);
  EXPECT_EQ(top->getReduceAxes(), 2u);
  EXPECT_TRUE(top->setIndicesType(DataType::kINT64));
  EXPECT_EQ(top->getIndicesType(), DataType::kINT64);
  EXPECT_FALSE(top->setIndicesType(DataType::kFLOAT));
  EXPECT_EQ(top->getOutput(1)->getType(), DataType::kINT64);
  auto* product = network->addMatrixMultiply(x, MatrixOperation::kNONE, y, MatrixOperation::kNONE);
  product->setOperation(1, MatrixOperation::kTRANSPOSE);
  EXPECT_EQ(product->getOperation(0), MatrixOperation::kNONE);
  EXPECT_EQ(product->getOperation(1), MatrixOperation::kTRANSPOSE);
  product->setOperation(2, MatrixOperation::kNONE);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "there is no input 2");
  auto* activation = network->addActivation(x, ActivationType::kRELU);
  activation->setActivationType(ActivationType::kCLIP);
  activation->setAlpha(-1);
  activation->setBeta(3);
  EXPECT_EQ(activation->getActivationType(), ActivationType::kCLIP);
  EXPECT_EQ(activation->getBeta(), 3);
  output(unary->getOutput(0), "unary");
  output(element->getOutput(0), "element");
  output(reduce->getOutput(0), "reduce");
  output(top->getOutput(0), "top");
  output(product->getOutput(0), "product");
  output(activation->getOutput(0), "activation");
  give("x", Floats{5, 6, -7, 8});
  run();
  expect("unary", {-5, -6, 7, -8});
  expect("element", {4, 4, -10, 4});
  expect("reduce", {11, 1});
  expect("top", {5, -7});
  expect("product", {17, 39, 9, 11});
  expect("activation", {3, 3, -1, 3});
}

TEST_F(ParametersTest, Moving) {
  ITensor& x = input("x", {2, 3});
  auto* shuffle = network->addShuffle(x);
  EXPECT_EQ(shuffle->getReshapeDimensions().nbDims, -1);
  shuffle->setFirstTranspose({1, 0});
  shuffle->setReshapeDimensions(dims({6, 1}));
  shuffle->setSecondTranspose({1, 0});
  EXPECT_EQ(shuffle->getFirstTranspose().order[0], 1);
  EXPECT_EQ(shuffle->getSecondTranspose().order[1], 0);
  EXPECT_EQ(list(shuffle->getReshapeDimensions()), (Sizes{6, 1}));
  EXPECT_TRUE(shuffle->getZeroIsPlaceholder());
  shuffle->setZeroIsPlaceholder(false);
  EXPECT_FALSE(shuffle->getZeroIsPlaceholder());
  EXPECT_EQ(shape(shuffle), (Sizes{1, 6}));
  auto* slice = network->addSlice(x, dims({0, 0}), dims({1, 1}), dims({1, 1}));
  slice->setStart(dims({0, 1}));
  slice->setSize(dims({2, 2}));
  slice->setStride(dims({1, 1}));
  EXPECT_EQ(list(slice->getStart()), (Sizes{0, 1}));
  EXPECT_EQ(list(slice->getSize()), (Sizes{2, 2}));
  EXPECT_EQ(list(slice->getStride()), (Sizes{1, 1}));
  slice->setMode(SampleMode::kCLAMP);
  EXPECT_EQ(slice->getMode(), SampleMode::kCLAMP);
  auto* gather = network->addGather(x, constant_i32({2, 1}, {2, 0}), 0);
  gather->setGatherAxis(1);
  gather->setNbElementWiseDims(1);
  EXPECT_EQ(gather->getGatherAxis(), 1);
  EXPECT_EQ(gather->getNbElementWiseDims(), 1);
  gather->setMode(GatherMode::kDEFAULT);
  EXPECT_EQ(gather->getMode(), GatherMode::kDEFAULT);
  auto* scatter = network->addScatter(x, constant_i32({1, 1}, {1}), constant({1, 3}, {7, 8, 9}), ScatterMode::kELEMENT);
  scatter->setMode(ScatterMode::kND);
  EXPECT_EQ(scatter->getMode(), ScatterMode::kND);
  auto* reverse = network->addReverseSequence(x, constant_i32({2}, {2, 3}));
  reverse->setBatchAxis(0);
  reverse->setSequenceAxis(1);
  EXPECT_EQ(reverse->getBatchAxis(), 0);
  EXPECT_EQ(reverse->getSequenceAxis(), 1);
  auto* iterator = network->addLoop()->addIterator(x);
  iterator->setAxis(1);
  iterator->setReverse(true);
  EXPECT_EQ(iterator->getAxis(), 1);
  EXPECT_TRUE(iterator->getReverse());
  EXPECT_EQ(shape(iterator), (Sizes{2}));
  auto* cast = network->addCast(x, DataType::kFLOAT);
  cast->setToType(DataType::kINT32);
  EXPECT_EQ(cast->getToType(), DataType::kINT32);
  output(slice->getOutput(0), "slice");
  output(gather->getOutput(0), "gather");
  output(scatter->getOutput(0), "scatter");
  output(reverse->getOutput(0), "reverse");
  output(cast->getOutput(0), "cast");
  give("x", Floats{1, 2, 3, 4, 5, 6});
  run();
  expect("slice", {2, 3, 5, 6});
  expect("gather", {3, 4});
  expect("scatter", {1, 2, 3, 7, 8, 9});
  expect("reverse", {2, 1, 3, 6, 5, 4});
  EXPECT_EQ(result<int32_t>("cast", 3), (std::vector<int32_t>{1, 2, 3}));
}

TEST_F(ParametersTest, Padding) {
  ITensor& x = input("x", {1, 1, 1, 2});
  auto* layer = network->addPadding(x, DimsHW(0, 0), DimsHW(0, 0));
  layer->setPrePadding(DimsHW(1, 0));
  layer->setPostPadding(DimsHW(0, 1));
  EXPECT_EQ(layer->getPrePadding().h(), 1);
  EXPECT_EQ(layer->getPostPadding().w(), 1);
  EXPECT_EQ(list(layer->getPrePaddingNd()), (Sizes{1, 0}));
  EXPECT_EQ(list(layer->getPostPaddingNd()), (Sizes{0, 1}));
  EXPECT_EQ(shape(layer), (Sizes{1, 1, 2, 3}));
  layer->setPrePaddingNd(dims({0, 1}));
  layer->setPostPaddingNd(dims({0, 0}));
  output(layer->getOutput(0), "y");
  give("x", Floats{5, 6});
  run();
  expect("y", {0, 5, 6});
}

TEST_F(ParametersTest, Resize) {
  ITensor& x = input("x", {1, 1, 1, 2});
  auto* layer = network->addResize(x);
  layer->setOutputDimensions(dims({1, 1, 1, 3}));
  EXPECT_EQ(list(layer->getOutputDimensions()), (Sizes{1, 1, 1, 3}));
  EXPECT_EQ(shape(layer), (Sizes{1, 1, 1, 3}));
  const float given[] = {1, 1, 1, 2};
  float scales[4] = {};
  auto* scaled = network->addResize(x);
  EXPECT_EQ(scaled->getScales(4, scales), -1);
  scaled->setScales(given, 4);
  EXPECT_EQ(scaled->getScales(4, scales), 4);
  EXPECT_EQ(scales[3], 2);
  scaled->setResizeMode(ResizeMode::kLINEAR);
  EXPECT_EQ(scaled->getResizeMode(), ResizeMode::kLINEAR);
  scaled->setAlignCorners(true);
  EXPECT_TRUE(scaled->getAlignCorners());
  EXPECT_EQ(scaled->getCoordinateTransformation(), ResizeCoordinateTransformation::kALIGN_CORNERS);
  scaled->setSelectorForSinglePixel(ResizeSelector::kUPPER);
  EXPECT_EQ(scaled->getSelectorForSinglePixel(), ResizeSelector::kUPPER);
  scaled->setNearestRounding(ResizeRoundMode::kCEIL);
  EXPECT_EQ(scaled->getNearestRounding(), ResizeRoundMode::kCEIL);
  scaled->setCubicCoeff(-0.5f);
  EXPECT_EQ(scaled->getCubicCoeff(), -0.5f);
  scaled->setExcludeOutside(true);
  EXPECT_TRUE(scaled->getExcludeOutside());
  scaled->setExcludeOutside(false);
  output(scaled->getOutput(0), "y");
  give("x", Floats{0, 3});
  run();
  expect("y", {0, 1, 2, 3});
}

TEST_F(ParametersTest, GridSampleNmsAndNormalization) {
  ITensor& x = input("x", {1, 1, 2, 2});
  auto* grid = network->addGridSample(x, constant({1, 1, 1, 2}, {0.4f, 0.4f}));
  grid->setInterpolationMode(InterpolationMode::kNEAREST);
  EXPECT_EQ(grid->getInterpolationMode(), InterpolationMode::kNEAREST);
  grid->setAlignCorners(true);
  EXPECT_TRUE(grid->getAlignCorners());
  EXPECT_TRUE(grid->setSampleMode(SampleMode::kREFLECT));
  EXPECT_EQ(grid->getSampleMode(), SampleMode::kREFLECT);
  auto* nms = network->addNMS(constant({1, 1, 4}, {0, 0, 1, 1}), constant({1, 1, 1}, {1}), constant_i32({}, {1}));
  nms->setBoundingBoxFormat(BoundingBoxFormat::kCENTER_SIZES);
  EXPECT_EQ(nms->getBoundingBoxFormat(), BoundingBoxFormat::kCENTER_SIZES);
  nms->setTopKBoxLimit(5);
  EXPECT_EQ(nms->getTopKBoxLimit(), 5);
  EXPECT_TRUE(nms->setIndicesType(DataType::kINT64));
  EXPECT_EQ(nms->getIndicesType(), DataType::kINT64);
  auto* norm = network->addNormalizationV2(x, constant({1, 1, 1, 2}, {1, 1}), constant({1, 1, 1, 2}, {0, 0}), 1u << 3);
  EXPECT_TRUE(norm->isV2());
  norm->setEpsilon(0.5f);
  EXPECT_EQ(norm->getEpsilon(), 0.5f);
  norm->setComputePrecision(DataType::kHALF);
  EXPECT_EQ(norm->getComputePrecision(), DataType::kHALF);
  norm->setNbGroups(2);
  EXPECT_EQ(norm->getNbGroups(), 2);
  norm->setNbGroups(1);
  output(grid->getOutput(0), "grid");
  output(norm->getOutput(0), "norm");
  give("x", Floats{1, 2, 3, 5});
  run();
  expect("grid", {5});
  const float a = 0.5f / std::sqrt(0.75f), b = 1 / std::sqrt(1.5f);
  expect("norm", {-a, a, -b, b});
}

TEST_F(ParametersTest, FillConstantAssertionEinsum) {
  auto* fill = network->addFill(dims({3}), FillOperation::kRANDOM_UNIFORM, DataType::kFLOAT);
  fill->setOperation(FillOperation::kLINSPACE);
  EXPECT_EQ(fill->getOperation(), FillOperation::kLINSPACE);
  EXPECT_FALSE(fill->isAlphaBetaInt64());
  fill->setAlphaInt64(7);
  fill->setBetaInt64(2);
  EXPECT_EQ(fill->getAlphaInt64(), 7);
  EXPECT_EQ(fill->getBetaInt64(), 2);
  EXPECT_EQ(fill->getBeta(), 2);
  EXPECT_TRUE(fill->isAlphaBetaInt64());
  fill->setToType(DataType::kINT32);
  auto* fixed = network->addConstant(dims({2}), weights({1, 2}));
  EXPECT_EQ(fixed->getWeights().count, 2);
  auto* assertion = network->addAssertion(constant_i32({}, {1}), "first");
  assertion->setMessage("second");
  EXPECT_STREQ(assertion->getMessage(), "second");
  ITensor* one[] = {fixed->getOutput(0)};
  EXPECT_STREQ(network->addEinsum(one, 1, "i->i")->getEquation(), "i->i");
  output(fill->getOutput(0), "y");
  run();
  EXPECT_EQ(result<int32_t>("y", 3), (std::vector<int32_t>{7, 9, 11}));
}

TEST_F(ParametersTest, Recurrent) {
  auto* layer = network->addRNNv2(input("x", {2, 1}), 1, 2, 2, RNNOperation::kRELU);
  layer->setOperation(RNNOperation::kTANH);
  EXPECT_EQ(layer->getOperation(), RNNOperation::kTANH);
  layer->setDirection(RNNDirection::kBIDIRECTION);
  EXPECT_EQ(layer->getDirection(), RNNDirection::kBIDIRECTION);
  ITensor &h = constant({2, 2}, {0, 0, 0, 0}), &c = constant({2, 2}, {0, 0, 0, 0});
  layer->setHiddenState(h);
  layer->setCellState(c);
  EXPECT_EQ(layer->getHiddenState(), &h);
  EXPECT_EQ(layer->getCellState(), &c);
}

TEST_F(ParametersTest, TensorsAndQuantization) {
  ITensor& x = input("x", {1, 2, 2, 2});
  x.setAllowedFormats(1u << static_cast<int>(TensorFormat::kHWC));
  EXPECT_EQ(x.getAllowedFormats(), 1u << static_cast<int>(TensorFormat::kHWC));
  x.setLocation(TensorLocation::kHOST);
  EXPECT_EQ(x.getLocation(), TensorLocation::kHOST);
  x.setLocation(TensorLocation::kDEVICE);
  EXPECT_TRUE(x.setDynamicRange(-1, 1));
  x.resetDynamicRange();
  EXPECT_FALSE(x.dynamicRangeIsSet());
  auto* q = network->addQuantize(x, constant({}, {1}));
  q->setToType(DataType::kINT8);
  EXPECT_EQ(q->getOutput(0)->getType(), DataType::kINT8);
  auto* dq = network->addDequantize(*q->getOutput(0), constant({}, {1}));
  dq->setToType(DataType::kFLOAT);
  dq->setOutputType(0, DataType::kHALF);
  dq->resetOutputType(0);
  EXPECT_EQ(dq->getOutput(0)->getType(), DataType::kFLOAT);
}

TEST_F(ParametersTest, NetworkProfileAndConfig) {
  EXPECT_EQ(network->getFlags(), 1u);
  Recorder other;
  network->setErrorRecorder(&other);
  EXPECT_EQ(network->getErrorRecorder(), &other);
  network->setErrorRecorder(nullptr);
  EXPECT_TRUE(network->markWeightsRefittable("w"));
  EXPECT_TRUE(network->areWeightsMarkedRefittable("w"));
  EXPECT_TRUE(network->unmarkWeightsRefittable("w"));
  EXPECT_FALSE(network->areWeightsMarkedRefittable("w"));
  EXPECT_TRUE(network->markUnfusedTensorsAsDebugTensors());
  EXPECT_TRUE(logger.said("setUnfusedTensorsDebugState"));
  EXPECT_TRUE(network->unmarkUnfusedTensorsAsDebugTensors());
  auto* profile = builder->createOptimizationProfile();
  const int64_t values[] = {1, 2};
  EXPECT_TRUE(profile->setShapeValuesV2("s", OptProfileSelector::kMIN, values, 2));
  EXPECT_EQ(profile->getShapeValuesV2("s", OptProfileSelector::kMIN)[1], 2);
  profile->setDimensions("x", OptProfileSelector::kMIN, dims({1, 2}));
  EXPECT_EQ(list(profile->getDimensions("x", OptProfileSelector::kMIN)), (Sizes{1, 2}));
  EXPECT_TRUE(profile->setExtraMemoryTarget(0.5f));
  EXPECT_EQ(profile->getExtraMemoryTarget(), 0.5f);
  auto* calibration = builder->createOptimizationProfile();
  for (auto kind : {OptProfileSelector::kMIN, OptProfileSelector::kOPT, OptProfileSelector::kMAX}) calibration->setDimensions("x", kind, dims({1}));
  EXPECT_TRUE(config->setCalibrationProfile(calibration));
  EXPECT_EQ(config->getCalibrationProfile(), calibration);
  config->setMaxWorkspaceSize(1 << 20);
  EXPECT_EQ(config->getMaxWorkspaceSize(), size_t{1} << 20);
  config->setQuantizationFlags(1);
  EXPECT_EQ(config->getQuantizationFlags(), 1u);
  config->setMaxNbTactics(3);
  EXPECT_EQ(config->getMaxNbTactics(), 3);
  EXPECT_TRUE(config->setTilingOptimizationLevel(TilingOptimizationLevel::kFAST));
  EXPECT_EQ(config->getTilingOptimizationLevel(), TilingOptimizationLevel::kFAST);
  EXPECT_TRUE(config->setL2LimitForTiling(1024));
  EXPECT_EQ(config->getL2LimitForTiling(), 1024);
  config->setRuntimePlatform(RuntimePlatform::kWINDOWS_AMD64);
  EXPECT_EQ(config->getRuntimePlatform(), RuntimePlatform::kSAME_AS_BUILD);
  expect_error(ErrorCode::kINVALID_ARGUMENT, "engines are built for this platform alone");
  EXPECT_EQ(builder->platformHasFastFp16(), builder->platformHasFastFp16());
  EXPECT_NE(&builder->getPluginRegistry(), nullptr);
}

TEST(ParametersOldTest, ObjectsOfLevel7AreDestroyed) {
  setenv("TENON_DEVICE", test_device(), 1);
  Logger logger;
  IBuilder* builder = createInferBuilder(logger);
  INetworkDefinition* network = builder->createNetworkV2(1u);
  IBuilderConfig* config = builder->createBuilderConfig();
  ITensor* x = network->addInput("x", DataType::kFLOAT, dims({1}));
  network->markOutput(*network->addUnary(*x, UnaryOperation::kNEG)->getOutput(0));
  IHostMemory* plan = builder->buildSerializedNetwork(*network, *config);
  ASSERT_NE(plan, nullptr) << logger.text;
  plan->destroy();
  ICudaEngine* engine = builder->buildEngineWithConfig(*network, *config);
  ASSERT_NE(engine, nullptr) << logger.text;
  config->destroy();
  network->destroy();
  builder->destroy();
  engine->destroy();
}

}  // namespace
