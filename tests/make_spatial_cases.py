#!/usr/bin/env python3
"""Writes cases of convolutions, poolings, normalizations and resampling for what the backend cases of the `onnx` package
leave out: older opsets, the com.microsoft domain and many combinations of attributes. As make_opset_cases.py.

    .venv/bin/python tests/make_spatial_cases.py [build/spatial-cases]
    build/bin/conformance build/spatial-cases
"""
import itertools
import shutil
import sys

import numpy as np
import onnxruntime
from make_opset_cases import CASES, case, contrib, f32, quantized, random, scale, write


def convolutions():
    for opset in (6, 11, 22):
        case("Conv", opset, [f32(2, 4, 7, 9), f32(6, 4, 3, 3), f32(6)], pads=[1, 0, 2, 1], strides=[2, 1])
    for auto_pad, stride, size in itertools.product(("SAME_UPPER", "SAME_LOWER", "VALID"), (1, 2, 3), (6, 7)):
        case("Conv", 11, [f32(1, 3, size, size + 1), f32(5, 3, 3, 2)], auto_pad=auto_pad, strides=[stride, stride])
    case("Conv", 11, [f32(2, 6, 11), f32(9, 2, 3), f32(9)], group=3, dilations=[2], pads=[2, 1])
    case("Conv", 11, [f32(1, 4, 5, 6, 7), f32(8, 2, 2, 3, 3)], group=2, strides=[1, 2, 2], pads=[0, 1, 1, 1, 1, 0])
    case("Conv", 11, [f32(2, 5, 9, 9), f32(5, 1, 3, 3), f32(5)], group=5, strides=[2, 1], dilations=[1, 2], pads=[1, 2, 1, 2])
    case("Conv", 11, [f32(1, 5, 9, 40), f32(10, 1, 5, 5)], group=5, pads=[2, 2, 2, 2], kernel_shape=[5, 5])
    case("Conv", 11, [f32(1, 70, 9, 9), f32(33, 70, 3, 3), f32(33)], pads=[1, 1, 1, 1])
    case("Conv", 11, [f32(0, 3, 5, 5), f32(4, 3, 3, 3)])
    for group, output_padding, auto_pad in itertools.product((1, 2), (0, 1), ("NOTSET", "VALID")):
        case("ConvTranspose", 11, [f32(2, 4, 5, 6), f32(4, 3, 3, 3), f32(3 * group)], group=group, strides=[2, 3],
             output_padding=[output_padding] * 2, auto_pad=auto_pad)
    case("ConvTranspose", 6, [f32(1, 4, 5), f32(4, 3, 3)], strides=[2], pads=[1, 0], dilations=[2])
    case("ConvTranspose", 11, [f32(1, 4, 3, 4, 5), f32(4, 2, 2, 2, 3)], strides=[2, 2, 1], pads=[0, 1, 1, 0, 1, 1])
    case("ConvTranspose", 11, [f32(1, 20, 5, 40), f32(20, 12, 2, 2)], strides=[2, 2])
    for auto_pad in ("SAME_UPPER", "SAME_LOWER", "NOTSET"):
        case("ConvTranspose", 11, [f32(1, 2, 3, 3), f32(2, 2, 4, 4)], strides=[3, 2], output_shape=[9, 7], auto_pad=auto_pad)
    for auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        case("ConvTranspose", 11, [f32(1, 2, 4, 3), f32(2, 2, 4, 3)], strides=[2, 2], auto_pad=auto_pad)
    for kernel, groups in ((3, 1), (2, 2)):
        offset = f32(1, groups * kernel * kernel * 2, 7 - kernel + 1, 6 - kernel + 1)
        mask = f32(1, groups * kernel * kernel, 7 - kernel + 1, 6 - kernel + 1)
        case("DeformConv", 19, [f32(1, 4, 7, 6), f32(6, 4 // groups, kernel, kernel), offset, f32(6), mask], group=groups, offset_group=groups)
    fused = [f32(2, 4, 6, 6), f32(6, 4, 3, 3), f32(6), f32(2, 6, 4, 4)]
    for activation, parameters in (("Relu", {}), ("LeakyRelu", {"activation_params": [0.2]}), ("Clip", {"activation_params": [-0.5, 0.7]}),
                                   ("HardSigmoid", {"activation_params": [0.3, 0.4]}), ("Tanh", {}), ("Sigmoid", {})):
        contrib("FusedConv", fused[:3], activation=activation, **parameters)
    contrib("FusedConv", fused, activation="Relu")


def integer_convolutions():
    zero = np.uint8(100)
    for w_type in (np.uint8, np.int8):
        x, w = quantized(2, 4, 7, 7), quantized(6, 2, 3, 3, dtype=w_type)
        case("ConvInteger", 10, [x, w, zero], group=2, pads=[1, 0, 1, 2])
        case("ConvInteger", 10, [x, w, zero, w_type(3)], group=2, strides=[2, 1])
        out = [np.float32(0.9), np.uint8(120)]
        case("QLinearConv", 10, [x, np.float32(0.02), zero, w, np.float32(0.013), w_type(3), *out], group=2)
        bias = random.integers(-2000, 2000, 6).astype(np.int32)
        scales = (0.01 + 0.001 * np.arange(6)).astype(np.float32)
        case("QLinearConv", 10, [x, np.float32(0.02), zero, w, scales, np.full(6, 3, w_type), *out, bias], group=2, pads=[1, 1, 1, 1])
    x = quantized(1, 6, 7, 4)
    w = quantized(5, 4, 3, 3, dtype=np.int8)
    contrib("QLinearConv", [x, np.float32(0.02), zero, w, np.float32(0.013), np.int8(0), np.float32(0.9), np.uint8(120)], channels_last=1)
    pooled = [quantized(1, 3, 6, 7), np.float32(0.1), np.uint8(5), np.float32(0.083), np.uint8(9)]
    contrib("QLinearAveragePool", pooled, kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0])
    contrib("QLinearAveragePool", pooled, kernel_shape=[3, 2], pads=[1, 0, 1, 0], count_include_pad=1)
    contrib("QLinearAveragePool", pooled, kernel_shape=[2, 2], channels_last=1)
    contrib("QLinearGlobalAveragePool", pooled)
    contrib("QLinearGlobalAveragePool", pooled, channels_last=1)
    contrib("NhwcMaxPool", pooled[:1], kernel_shape=[2, 2], strides=[2, 2])


def poolings():
    for opset in (6, 7, 8, 10, 11, 12):
        case("MaxPool", opset, [f32(2, 3, 7, 8)], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
    for opset in (7, 10, 11):
        case("AveragePool", opset, [f32(2, 3, 7, 8)], kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
    for size, stride, pads, ceil_mode in itertools.product((6, 7, 8), (2, 3), ([0, 0, 0, 0], [1, 1, 1, 0]), (0, 1)):
        window = dict(kernel_shape=[3, 2], strides=[stride, stride], pads=pads, ceil_mode=ceil_mode)
        case("MaxPool", 12, [f32(1, 2, size, size + 1)], outputs=2, **window)
        for count_include_pad in (0, 1):
            case("AveragePool", 11, [f32(1, 2, size, size + 1)], count_include_pad=count_include_pad, **window)
            case("AveragePool", 19, [f32(1, 2, size + 2, size + 1)], count_include_pad=count_include_pad, dilations=[2, 1], **window)
        case("LpPool", 18, [f32(1, 2, size, size + 1)], p=3, **window)
    for auto_pad, stride in itertools.product(("SAME_UPPER", "SAME_LOWER", "VALID"), (1, 2)):
        case("MaxPool", 8, [f32(1, 2, 6, 7)], kernel_shape=[3, 2], strides=[stride, stride], auto_pad=auto_pad)
        case("AveragePool", 7, [f32(1, 2, 6, 7)], kernel_shape=[3, 2], strides=[stride, stride], auto_pad=auto_pad)
        case("LpPool", 11, [f32(1, 2, 6, 7)], kernel_shape=[3, 2], strides=[stride, stride], auto_pad=auto_pad)
    case("MaxPool", 12, [f32(2, 3, 9)], kernel_shape=[3], dilations=[2], outputs=2)
    case("MaxPool", 12, [f32(2, 3, 5, 6, 7)], kernel_shape=[3, 2, 2], pads=[1, 0, 0, 1, 0, 1], strides=[2, 1, 2], outputs=2)
    case("MaxPool", 12, [f32(2, 3, 5, 6)], kernel_shape=[3, 2], outputs=2, storage_order=1)
    case("MaxPool", 12, [quantized(1, 2, 6, 6, dtype=np.int8)], kernel_shape=[3, 3])
    case("MaxPool", 12, [quantized(1, 2, 6, 6)], kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    case("AveragePool", 11, [f32(2, 3, 5, 6, 7)], kernel_shape=[3, 2, 2], pads=[1, 0, 0, 1, 0, 1], strides=[2, 1, 2])
    case("LpPool", 6, [f32(1, 2, 6, 7)], kernel_shape=[3, 2], p=1)
    for op in ("GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"):
        case(op, 6, [f32(2, 3, 5)])
        case(op, 6, [f32(2, 3, 5, 4, 3)])
    case("GlobalLpPool", 6, [f32(2, 3, 5, 4)], p=3)
    x = f32(1, 2, 3, 3)
    index = np.stack([random.permutation(36)[:9].reshape(3, 3) + 36 * c for c in range(2)])[None]
    case("MaxUnpool", 9, [x, index.astype(np.int64)], kernel_shape=[2, 2], strides=[2, 2])
    features = f32(2, 3, 12, 14)
    boxes = np.float32([[1, 2, 9.5, 8.2], [0, 0, 3, 3], [-2, 3, 5, 20], [4, 4, 4.2, 4.3]])
    batch = np.int64([0, 1, 1, 0])
    for mode, ratio, spatial_scale in itertools.product(("avg", "max"), (0, 2), (1.0, 0.5)):
        options = dict(mode=mode, sampling_ratio=ratio, spatial_scale=spatial_scale, output_height=3, output_width=2)
        case("RoiAlign", 10, [features, boxes, batch], **options)
        case("RoiAlign", 16, [features, boxes, batch], **options)
        case("RoiAlign", 16, [features, boxes, batch], coordinate_transformation_mode="output_half_pixel", **options)
    rois = np.float32([[0, 1, 2, 9, 8], [1, 0, 0, 3, 3], [1, 4, 4, 30, 20]])
    case("MaxRoiPool", 6, [features, rois], pooled_shape=[3, 2])
    case("MaxRoiPool", 6, [features, rois], pooled_shape=[2, 4], spatial_scale=0.5)


def normalizations():
    x = f32(2, 3, 4, 5)
    for op, axis in itertools.product(("Softmax", "LogSoftmax", "Hardmax"), (0, 1, 2, 3, -1, -2)):
        case(op, 6 if axis >= 0 else 11, [x], axis=axis)
        case(op, 13, [x], axis=axis)
    parameters = [f32(3), f32(3), f32(3), abs(f32(3)) + 0.1]
    case("BatchNormalization", 7, [x, *parameters])
    case("BatchNormalization", 9, [x, *parameters], epsilon=1e-2)
    case("BatchNormalization", 14, [x, *parameters], outputs=3, training_mode=1, momentum=0.7)
    normal = (x - parameters[2][:, None, None]) / np.sqrt(parameters[3] + 1e-5)[:, None, None]
    case("BatchNormalization", 6, [x, *parameters], [normal * parameters[0][:, None, None] + parameters[1][:, None, None]], is_test=1)
    each = [f32(3, 4, 5), f32(3, 4, 5), f32(3, 4, 5), abs(f32(3, 4, 5)) + 0.1]
    expected = [(x - each[2]) / np.sqrt(each[3] + 1e-5) * each[0] + each[1]]
    case("BatchNormalization", 7, [x, *each], expected, spatial=0)
    case("InstanceNormalization", 6, [x, f32(3), f32(3)], epsilon=1e-3)
    case("InstanceNormalization", 6, [f32(2, 3, 7), f32(3), f32(3)])
    groups = f32(2, 6, 4, 5)
    case("GroupNormalization", 18, [groups, f32(3), f32(3)], num_groups=3)
    case("GroupNormalization", 21, [groups, f32(6), f32(6)], num_groups=3)
    for axis in (-1, 1, 2):
        shape = x.shape[axis:]
        case("LayerNormalization", 17, [x, f32(*shape), f32(*shape)], outputs=3, axis=axis)
        case("LayerNormalization", 17, [x, f32(*shape)], axis=axis, epsilon=1e-2)
        case("RMSNormalization", 23, [x, f32(*shape)], axis=axis)
    for p, axis in itertools.product((1, 2), (-1, 1)):
        case("LpNormalization", 6, [x], p=p, axis=axis)
    case("LRN", 6, [f32(2, 7, 3, 4)], size=3, alpha=0.2, beta=0.6, bias=1.5)
    case("LRN", 13, [f32(2, 7, 3, 4)], size=5)
    case("MeanVarianceNormalization", 9, [x])
    case("MeanVarianceNormalization", 13, [x], axes=[1, 2])
    sequence = [f32(2, 3, 8), f32(2, 3, 8), f32(8), f32(8), f32(8)]
    contrib("SkipLayerNormalization", sequence)
    contrib("SkipLayerNormalization", sequence[:4], epsilon=1e-3)
    contrib("SkipLayerNormalization", sequence[:3])
    contrib("SkipSimplifiedLayerNormalization", [*sequence[:3], sequence[4]], epsilon=1e-5)
    contrib("SkipSimplifiedLayerNormalization", sequence[:3], epsilon=1e-5)
    case("SimplifiedLayerNormalization", 17, [x, f32(5)], axis=-1, epsilon=1e-5)
    image, scales, shifts = f32(2, 4, 5, 8), f32(8), f32(8)
    parts = image.reshape(2, 20, 2, 4)
    centered = parts - parts.mean(axis=(1, 3), keepdims=True)
    normal = (centered / np.sqrt((centered**2).mean(axis=(1, 3), keepdims=True) + 1e-5)).reshape(image.shape) * scales + shifts
    contrib_expected("GroupNorm", [image, scales, shifts], [normal], groups=2, activation=0, epsilon=1e-5)
    contrib_expected("GroupNorm", [image, scales, shifts], [normal / (1 + np.exp(-normal))], groups=2, activation=1, epsilon=1e-5)
    log_probability, target, weight = -abs(f32(3, 5, 4)), random.integers(0, 5, (3, 4)), abs(f32(5))
    for reduction, opset in itertools.product(("none", "mean", "sum"), (12, 13)):
        case("NegativeLogLikelihoodLoss", opset, [log_probability, target, weight], reduction=reduction, ignore_index=2)
        case("SoftmaxCrossEntropyLoss", opset, [f32(3, 5, 4), target], reduction=reduction, outputs=2)
        case("SoftmaxCrossEntropyLoss", opset, [f32(3, 5, 4), target.astype(np.int32), weight], reduction=reduction, ignore_index=1)


def contrib_expected(op, inputs, expected, **attributes):
    case(op, 17, inputs, [e.astype(np.float32) for e in expected], domain="com.microsoft", **attributes)


def resampling():
    x = f32(1, 2, 5, 6)
    for mode in ("nearest", "linear"):
        case("Upsample", 7, [x], mode=mode, scales=[1.0, 1.0, 2.0, 3.0])
        case("Upsample", 9, [x, np.float32([1, 1, 2, 1.5])], mode=mode)
    case("Resize", 10, [x, np.float32([1, 1, 2, 1.6])], mode="linear")
    for factors in ([1, 1, 2, 1.6], [1, 1, 0.6, 0.5], [1, 1, 0.6, 1.7], [1, 1, 1, 1]):
        case("Resize", 10, [x, np.float32(factors)], mode="nearest")
    modes = ("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric")
    sizes = ([1, 2, 9, 11], [1, 2, 3, 4], [1, 2, 5, 13], [1, 2, 1, 3])
    none = np.float32([])
    for coordinates, size, mode in itertools.product(modes, sizes, ("linear", "cubic")):
        for extra in ({}, {"exclude_outside": 1}) if mode == "cubic" else ({},):
            case("Resize", 11, [x, none, none, np.int64(size)], mode=mode, coordinate_transformation_mode=coordinates, **extra)
    for coordinates, size, rounding in itertools.product(modes, sizes, ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")):
        case("Resize", 13, [x, None, None, np.int64(size)], mode="nearest", coordinate_transformation_mode=coordinates, nearest_mode=rounding)
    for coordinates, mode in itertools.product(("half_pixel", "asymmetric"), ("nearest", "linear", "cubic")):
        for factors in ([1, 1, 2, 3], [1, 1, 0.6, 1.7], [1, 1, 0.5, 0.5]):
            case("Resize", 11, [x, none, np.float32(factors)], mode=mode, coordinate_transformation_mode=coordinates)
    for coordinates in ("half_pixel", "half_pixel_symmetric"):
        case("Resize", 19, [x, None, np.float32([1.6, 0.7])], mode="linear", axes=[2, 3], coordinate_transformation_mode=coordinates)
    case("Resize", 11, [x, none, np.float32([1, 1, 1.6, 2.3])], mode="nearest", coordinate_transformation_mode="tf_half_pixel_for_nn")
    roi = np.float32([0, 0, 0.2, -0.1, 1, 1, 0.7, 1.3])
    for mode in ("linear", "cubic", "nearest"):
        case("Resize", 13, [x, roi, None, np.int64([1, 2, 4, 7])], mode=mode, coordinate_transformation_mode="tf_crop_and_resize",
             extrapolation_value=9.0)
    for size, mode in itertools.product(([3, 2], [2, 6], [7, 9]), ("linear", "cubic")):
        case("Resize", 18, [x, None, None, np.int64(size)], mode=mode, axes=[2, 3], antialias=1)
    for policy in ("not_larger", "not_smaller"):
        case("Resize", 18, [x, None, None, np.int64([7, 9])], mode="linear", axes=[2, 3], keep_aspect_ratio_policy=policy)
    case("Resize", 11, [quantized(1, 2, 4, 4), none, none, np.int64([1, 2, 6, 7])], mode="nearest")
    grid2 = (random.uniform(-1.6, 1.6, (2, 4, 5, 2))).astype(np.float32)
    grid3 = (random.uniform(-1.6, 1.6, (1, 3, 4, 5, 3))).astype(np.float32)
    for padding, align in itertools.product(("zeros", "border", "reflection"), (0, 1)):
        options = dict(padding_mode=padding, align_corners=align)
        for mode in ("bilinear", "nearest", "bicubic"):
            case("GridSample", 16, [f32(2, 3, 6, 7), grid2], mode=mode, **options)
            contrib("GridSample", [f32(2, 3, 6, 7), grid2], mode=mode, **options)
        for mode in ("linear", "nearest"):
            case("GridSample", 20, [f32(1, 2, 4, 5, 6), grid3], mode=mode, **options)
    for align in (0, 1):
        case("AffineGrid", 20, [f32(2, 2, 3), np.int64([2, 1, 4, 5])], align_corners=align)
        case("AffineGrid", 20, [f32(2, 3, 4), np.int64([2, 1, 3, 4, 5])], align_corners=align)
    case("Col2Im", 18, [f32(2, 12, 16), np.int64([5, 6]), np.int64([2, 3])])
    case("Col2Im", 18, [f32(1, 12, 12), np.int64([5, 6]), np.int64([2, 3])], strides=[2, 1], pads=[1, 1, 0, 1], dilations=[1, 2])


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/spatial-cases"
    shutil.rmtree(root, ignore_errors=True)
    onnxruntime.set_default_logger_severity(4)
    for family in (convolutions, integer_convolutions, poolings, normalizations, resampling):
        family()
    for i, (op, opset, *rest) in enumerate(CASES):
        try:
            write(f"{root}/spatial/{op}_{opset}_{i}", op, opset, *rest)
        except Exception as e:
            print(f"no expected output for {op} {opset} {rest[-1]}: {e}")
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
