#!/usr/bin/env python3
"""Writes cases of matrix products, attention, recurrent and signal operators for what the backend cases of the `onnx`
package leave out: older opsets, the com.microsoft domain and many combinations of attributes. As make_opset_cases.py.

    .venv/bin/python tests/make_linear_cases.py [build/linear-cases]
    build/bin/conformance build/linear-cases
"""
import itertools
import shutil
import sys

import numpy as np
import onnxruntime
from make_opset_cases import CASES, case, contrib, f32, ints, quantized, random, scale, write


def products():
    for opset in (6, 7, 9, 11, 13):
        old = {"broadcast": 1} if opset < 7 else {}
        a, b, c = f32(3, 4), f32(5, 4), f32(5)
        case("Gemm", opset, [a, b, c], [0.5 * a @ b.T + 2 * c], alpha=0.5, beta=2.0, transB=1, **old)
        case("Gemm", opset, [f32(4, 3), f32(4, 5), f32(3, 5)], transA=1)
    case("Gemm", 11, [f32(3, 4), f32(4, 5)])
    case("Gemm", 11, [f32(3, 4), f32(4, 5), f32(3, 1)], beta=0.0)
    case("Gemm", 13, [f32(3, 4).astype(np.float16), f32(4, 5).astype(np.float16), f32(3, 1).astype(np.float16)])
    case("Gemm", 13, [f32(3, 0), f32(0, 5), f32(5)])
    for a, b in (((2, 3), (3, 4)), ((3,), (3, 4)), ((2, 3), (3,)), ((3,), (3,)), ((5, 1, 2, 3), (7, 3, 4)), ((4, 2, 3), (3,)), ((3,), (2, 3, 4)),
                 ((70, 600), (600, 130)), ((1, 600), (600, 1)), ((0, 3), (3, 4)), ((2, 0), (0, 4))):
        case("MatMul", 13, [f32(*a), f32(*b)])
        case("MatMul", 9, [f32(*a).astype(np.float64), f32(*b).astype(np.float64)])
    for dtype in (np.int32, np.uint32, np.int64, np.uint64):
        a, b = ints(2, 3, dtype=dtype, low=0, high=9), ints(3, 4, dtype=dtype, low=0, high=9)
        case("MatMul", 13, [a, b], [a @ b])
    for ta, tb in itertools.product((0, 1), repeat=2):
        a, b = f32(*((2, 4, 3) if ta else (2, 3, 4))), f32(*((2, 5, 4) if tb else (2, 4, 5)))
        contrib("FusedMatMul", [a, b], transA=ta, transB=tb, alpha=0.7)
        contrib("TransposeMatMul", [a, b], transA=ta, transB=tb)
        contrib("FusedMatMul", [f32(*((4, 2, 3) if ta else (3, 2, 4))), f32(2, 4, 5)], transA=ta, transBatchA=1)
        contrib("FusedMatMul", [f32(2, 3, 4), f32(*((5, 2, 4) if tb else (4, 2, 5)))], transB=tb, transBatchB=1)
    contrib("FusedMatMul", [f32(3, 2, 6, 4), f32(2, 6, 4, 5)], transBatchA=1)
    for activation in ("Relu", "LeakyRelu", "Tanh", "Sigmoid"):
        contrib("FusedGemm", [f32(3, 4), f32(4, 5), f32(5)], activation=activation, alpha=0.5)
    contrib("FusedGemm", [f32(3, 4), f32(4, 5), f32(5)], activation="LeakyRelu", activation_alpha=0.3)
    contrib("Inverse", [f32(2, 3, 4, 4) + 4 * np.eye(4, dtype=np.float32)])
    case("Det", 11, [f32(3, 4, 4)])
    case("Det", 22, [f32(1, 1)])


def einsums():
    for equation, *shapes in (("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("ij->ji", (2, 3)), ("ij->", (2, 3)),
                              ("...ij,...jk->...ik", (5, 1, 2, 3), (7, 3, 4)), ("bhid,bhjd->bhij", (2, 3, 4, 5), (2, 3, 6, 5)), ("i,j->ij", (3,), (4,)), ("i,i", (3,), (3,)),
                              ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)), ("ijk,ilm,njm,nlk->", (2, 3, 4), (2, 5, 6), (7, 3, 6), (7, 5, 4)), ("a b , b -> a", (2, 3), (3,)),
                              ("bij,bjk->kb", (2, 3, 4), (2, 4, 5)), ("...ii->...i", (2, 3, 3)), ("...", (2, 3)), ("b...,...c->bc...", (2, 3, 4), (3, 4, 5)), ("ij,ij->ij", (2, 3), (2, 3)),
                              ("bthd,hdo->bto", (2, 3, 4, 5), (4, 5, 6)), ("iij,jkk->ik", (3, 3, 2), (2, 4, 4))):
        inputs = [f32(*s) for s in shapes]
        case("Einsum", 12, inputs, [np.einsum(equation, *inputs)], equation=equation)
    a, b = ints(2, 3, dtype=np.int64), ints(3, 4, dtype=np.int64)
    case("Einsum", 12, [a, b], [a @ b], equation="ij,jk->ik")


def integer_products():
    for a_type, b_type in itertools.product((np.uint8, np.int8), repeat=2):
        if (a_type, b_type) == (np.int8, np.uint8):
            continue
        a, b = quantized(2, 3, 4, dtype=a_type), quantized(4, 5, dtype=b_type)
        zero_a, zero_b = quantized(dtype=a_type), quantized(dtype=b_type)
        case("MatMulInteger", 10, [a, b])
        case("MatMulInteger", 10, [a, b, zero_a, zero_b])
        case("MatMulInteger", 10, [a, b, zero_a, quantized(5, dtype=b_type)])
        case("QLinearMatMul", 10, [a, scale() / 50, zero_a, b, scale() / 50, zero_b, scale(), quantized(dtype=a_type)])
        case("QLinearMatMul", 10, [a, scale() / 50, zero_a, b, scale(5) / 50, quantized(5, dtype=b_type), scale(), quantized(dtype=a_type)])
        for bias in (None, f32(5)):
            contrib("MatMulIntegerToFloat", [a, b, scale(), scale(), zero_a, zero_b, bias])
            contrib("MatMulIntegerToFloat", [a, b, scale(), scale(5), None, quantized(5, dtype=b_type), bias])
    for dtype in (np.uint8, np.int8):
        contrib("DynamicQuantizeMatMul", [f32(2, 3, 4), quantized(4, 5, dtype=dtype), scale(), quantized(dtype=dtype), f32(5)])
        contrib("DynamicQuantizeMatMul", [f32(2, 3, 4), quantized(4, 5, dtype=dtype), scale(5), None, None])
    row = quantized(3)
    a, b = quantized(3, 4), quantized(4, 5)
    case("MatMulInteger", 10, [a, b, row], [((a.astype(np.int32) - row[:, None]) @ b.astype(np.int32)).astype(np.int32)])
    for ta, tb in itertools.product((0, 1), repeat=2):
        a, b = quantized(*((4, 3) if ta else (3, 4))), quantized(*((5, 4) if tb else (4, 5)))
        contrib("QGemm", [a, scale() / 50, quantized(), b, scale(5) / 50, quantized(5), ints(5), None, None], transA=ta, transB=tb, alpha=0.5)
        contrib("QGemm", [a, scale() / 50, quantized(), b, scale() / 50, quantized(), ints(3, 5), scale(), quantized()], transA=ta, transB=tb)


def packed_weights():
    for bits, block, k in itertools.product((4, 8), (16, 32), (64, 40)):
        n, blocks = 24, -(-k // block)
        b = random.integers(0, 256, (n, blocks, block * bits // 8)).astype(np.uint8)
        zeros = random.integers(0, 256, (n, -(-blocks * bits // 8))).astype(np.uint8)
        scales = scale(n, blocks)
        fields = dict(K=k, N=n, bits=bits, block_size=block)
        contrib("MatMulNBits", [f32(2, 3, k), b, scales], **fields)
        contrib("MatMulNBits", [f32(3, k), b, scales, zeros], **fields)
        contrib("MatMulNBits", [f32(3, k), b, scales, zeros, None, f32(n)], **fields)
        if bits == 4:
            contrib("MatMulNBits", [f32(3, k), b, scales, (8 + f32(n, blocks)).astype(np.float32)], **fields)
            order = random.permutation(np.arange(k) // block).astype(np.int32)  # with it ONNX Runtime ignores zero points
            contrib("MatMulNBits", [f32(3, k), b, scales, None, order], **fields)


def onnx_attention():
    q, k, v = f32(2, 6, 4, 8), f32(2, 3, 5, 8), f32(2, 3, 5, 10)
    past_k, past_v = f32(2, 3, 7, 8), f32(2, 3, 7, 10)
    for causal, softcap in itertools.product((0, 1), (0.0, 2.0)):
        fields = dict(is_causal=causal, softcap=softcap)
        case("Attention", 23, [q, k, v], **fields)
        case("Attention", 23, [q, k, v, f32(4, 5)], **fields)
        case("Attention", 23, [q, k, v, f32(2, 1, 4, 5) > -0.5], **fields)
        case("Attention", 23, [q, f32(2, 3, 4, 8), f32(2, 3, 4, 10), None, past_k, past_v], outputs=3, **fields)
        case("Attention", 23, [f32(2, 4, 48), f32(2, 5, 24), f32(2, 5, 30)], q_num_heads=6, kv_num_heads=3, scale=0.3, **fields)


def masks(batch, keys, queries):
    ones = (random.random((batch, keys)) > 0.3).astype(np.int32)
    ones[:, 0] = 1
    return [None, ones, np.tile(ones[:, None], (1, queries, 1)), random.integers(1, keys + 1, batch).astype(np.int32)]


def contrib_attention():
    batch, steps, hidden, heads, past = 2, 4, 12, 3, 3
    x, w, b = f32(batch, steps, 10), f32(10, 3 * hidden) / 3, f32(3 * hidden)
    for causal, mask in itertools.product((0, 1), masks(batch, steps, steps)):
        contrib("Attention", [x, w, b, mask], num_heads=heads, unidirectional=causal)
        if mask is not None:
            contrib("Attention", [x, w, b, mask, None, f32(batch, heads, steps, steps)], num_heads=heads, unidirectional=causal)
    ends_starts = np.array([4, 3, 1, 0], np.int32)
    contrib("Attention", [x, w, b, ends_starts], num_heads=heads)
    contrib("Attention", [x, f32(10, 12 + 12 + 9), f32(33)], num_heads=heads, qkv_hidden_sizes=[12, 12, 9])
    contrib("Attention", [x, w, b, None], num_heads=heads, scale=0.2, outputs=2)
    for mask in masks(batch, steps + past, steps):
        contrib("Attention", [x, w, b, mask, f32(2, batch, heads, past, hidden // heads)], num_heads=heads, unidirectional=1, outputs=2)
    contrib("Attention", [x, w, b, np.tril(np.ones((batch, 1, 9, 9), np.int32)), f32(2, batch, heads, past, hidden // heads)], num_heads=heads, outputs=2)
    for w_scale, w_zero in ((scale() / 50, quantized()), (scale(36) / 50, quantized(36))):
        contrib("QAttention", [quantized(batch, steps, 10), quantized(10, 36), b, np.float32(0.02), w_scale, None, quantized(), w_zero], num_heads=heads)


def multi_head_attention():
    batch, queries, keys, heads, size, width = 2, 4, 5, 3, 4, 6
    q, k, v = f32(batch, queries, heads * size), f32(batch, keys, heads * size), f32(batch, keys, heads * width)
    bias = f32(heads * (2 * size + width))
    for mask in masks(batch, keys, queries):
        contrib("MultiHeadAttention", [q, k, v, None, mask], num_heads=heads)
        contrib("MultiHeadAttention", [q, k, v, bias, mask, f32(1, heads, queries, keys)], num_heads=heads, scale=0.4)
    contrib("MultiHeadAttention", [q, k[:, :queries], v[:, :queries], None, None, f32(batch, 1, queries, queries)], num_heads=heads, unidirectional=1)
    contrib("MultiHeadAttention", [f32(batch, queries, heads, 3, size)], num_heads=heads)
    contrib("MultiHeadAttention", [q, f32(batch, keys, heads, 2, size)], num_heads=heads)
    contrib("MultiHeadAttention", [q, f32(batch, heads, keys, size), f32(batch, heads, keys, size)], num_heads=heads)
    same_k, same_v = f32(batch, queries, heads * size), f32(batch, queries, heads * size)
    contrib("MultiHeadAttention", [q, same_k, same_v, f32(3 * heads * size)], num_heads=heads, outputs=3)
    contrib("MultiHeadAttention", [q, same_k, same_v, None, None, None, f32(batch, heads, 6, size), f32(batch, heads, 6, size)], num_heads=heads, outputs=3)
    contrib("MultiHeadAttention", [q, same_k, same_v, None, None, f32(batch, 1, queries, queries)], num_heads=heads, outputs=4)


def group_query_attention():
    heads, groups, size = 6, 2, 16
    cos, sin = np.cos(f32(20, size // 2)), np.sin(f32(20, size // 2))

    def gqa(batch, steps, past, lengths, total, buffer=0, packed=False, rotary=None, extra=(), **fields):
        q, k, v = f32(batch, steps, heads * size), f32(batch, steps, groups * size), f32(batch, steps, groups * size)
        inputs = [np.concatenate([q, k, v], 2), None, None] if packed else [q, k, v]
        used = np.reshape(np.array(lengths) - steps, (-1, 1, 1, 1))
        caches = [f32(batch, groups, buffer or past, size) for _ in range(2)]
        inputs += [np.where(np.arange(buffer or past)[:, None] < used, x, 0).astype(np.float32) for x in caches] if past or buffer else [None, None]
        inputs += [np.int32(lengths) - 1, np.int32(total)]
        inputs += [cos, sin] if rotary else [None, None]
        while extra and len(inputs) < extra[0]:
            inputs.append(None)
        contrib("GroupQueryAttention", inputs + list(extra[1:]), num_heads=heads, kv_num_heads=groups, outputs=3, do_rotary=int(bool(rotary)), **fields)

    gqa(2, 5, 0, [5, 5], 5)
    gqa(2, 5, 0, [5, 5], 5, packed=True)
    gqa(2, 5, 0, [5, 5], 5, rotary=True)
    gqa(2, 5, 0, [5, 5], 5, rotary=True, rotary_interleaved=1)
    gqa(2, 1, 7, [8, 8], 8)
    gqa(2, 1, 7, [8, 8], 8, rotary=True, softcap=2.0, scale=0.1)
    gqa(1, 3, 7, [10], 10, rotary=True)
    gqa(2, 5, 0, [5, 5], 5, local_window_size=2)
    gqa(1, 3, 7, [10], 10, local_window_size=4)
    gqa(2, 1, 7, [8, 8], 8, smooth_softmax=1)
    gqa(2, 5, 0, [5, 5], 5, extra=(11, f32(heads)))
    gqa(2, 5, 0, [5, 5], 5, extra=(10, f32(1, heads, 5, 5)))
    gqa(2, 5, 0, [5, 5], 5, causal=0)
    gqa(2, 1, 0, [5, 5], 5, buffer=5, rotary=True)
    gqa(2, 1, 0, [5, 3], 5, buffer=5, rotary=True)


def rotary():
    cos, sin = np.cos(f32(20, 4)), np.sin(f32(20, 4))
    for interleaved, positions in itertools.product((0, 1), (np.int64([3]), ints(2, 5, dtype=np.int64, low=0, high=20))):
        contrib("RotaryEmbedding", [f32(2, 5, 24), positions, cos, sin], interleaved=interleaved)
        contrib("RotaryEmbedding", [f32(2, 3, 5, 8), positions, cos, sin], interleaved=interleaved)
        contrib("RotaryEmbedding", [f32(2, 5, 36), positions, cos, sin], interleaved=interleaved, num_heads=3, rotary_embedding_dim=8)


def embeddings():
    words, places, kinds, gamma, beta = f32(9, 8), f32(7, 8), f32(2, 8), f32(8), f32(8)
    ids, segments, mask = ints(2, 5, low=0, high=9), ints(2, 5, low=0, high=2), np.int32([[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]])
    contrib("EmbedLayerNormalization", [ids, segments, words, places, kinds, gamma, beta, mask], outputs=2)
    contrib("EmbedLayerNormalization", [ids, None, words, places, None, gamma, beta], outputs=2, epsilon=1e-5)
    contrib("EmbedLayerNormalization", [ids, segments, words, places, kinds, gamma, beta, None, ints(2, 5, low=0, high=7)], outputs=3)


def recurrent():
    steps, batch, inputs, hidden = 5, 3, 4, 6
    lengths = np.int32([5, 2, 3])
    for (op, gates), direction in itertools.product({"LSTM": 4, "GRU": 3, "RNN": 1}.items(), ("forward", "reverse", "bidirectional")):
        d = 2 if direction == "bidirectional" else 1
        x, w, r = f32(steps, batch, inputs), f32(d, gates * hidden, inputs), f32(d, gates * hidden, hidden)
        b, h, c, p = f32(d, 2 * gates * hidden), f32(d, batch, hidden), f32(d, batch, hidden), f32(d, 3 * hidden)
        fields, outputs = dict(hidden_size=hidden, direction=direction), 3 if op == "LSTM" else 2
        state = [h, c] if op == "LSTM" else [h]
        for opset in (7, 14, 22):
            case(op, opset, [x, w, r], outputs=outputs, **fields)
        case(op, 14, [x, w, r, b, lengths, *state], outputs=outputs, **fields)
        case(op, 14, [x, w, r, b, None, *state], outputs=outputs, clip=0.5, **fields)
        names = {"LSTM": ["HardSigmoid", "Elu", "ScaledTanh"], "GRU": ["HardSigmoid", "LeakyRelu"], "RNN": ["ThresholdedRelu"]}[op]
        parameters = dict(activation_alpha=[0.3, 0.7, 1.2][:len(names)] * d, activation_beta=[0.4] * d)
        if op == "LSTM":
            parameters["activation_beta"] = [0.4, 0.8] * d
        case(op, 14, [x, w, r, b, None, *state], outputs=outputs, activations=names * d, **parameters, **fields)
        case(op, 14, [x, w, r, b], outputs=outputs, activations=(["Softsign", "Tanh", "Softplus"][:len(names)]) * d, **fields)
        if op == "LSTM":
            case(op, 14, [x, w, r, b, lengths, *state, p], outputs=outputs, **fields)
            case(op, 14, [x, w, r, b, None, *state, p], outputs=outputs, input_forget=1, **fields)
            case(op, 14, [x, w, r], outputs=outputs, activations=["HardSigmoid", "Affine", "LeakyRelu"] * d, activation_alpha=[0.3, 0.5, 0.1] * d,
                 activation_beta=[0.4, 0.2] * d, **fields)
        if op == "GRU":
            case(op, 14, [x, w, r, b, lengths, *state], outputs=outputs, linear_before_reset=1, **fields)


def signals():
    for opset, n, dtype in itertools.product((17, 20), (8, 12, 7, 1), (np.float32, np.float64)):
        def dft(x, length, function, **fields):
            spectrum = function((x[..., 0] + 1j * x[..., 1]) if x.shape[-1] == 2 else x[..., 0].astype(np.float64), length, axis=1)
            expected = np.stack([spectrum.real, spectrum.imag], -1).astype(dtype)
            inputs = [x, None if length is None else np.int64(length)] + ([] if opset == 17 else [np.int64(1)])
            case("DFT", opset, inputs, [expected], **fields, **({"axis": 1} if opset == 17 else {}))

        real, paired = f32(2, n, 3, 1).astype(dtype), f32(2, n, 3, 2).astype(dtype)
        dft(real, None, np.fft.fft)
        dft(paired, n + 3, np.fft.fft)
        dft(paired, None, np.fft.ifft, inverse=1)
        dft(real, max(n - 2, 1), np.fft.rfft, onesided=1)
    signal = f32(2, 50, 1)
    window = np.hanning(16).astype(np.float32)
    case("STFT", 17, [signal, np.int64(5), window], onesided=1)
    case("STFT", 17, [signal, np.int64(5), window, np.int64(16)], onesided=0)
    case("STFT", 17, [signal, np.int64(7), None, np.int64(10)])
    case("STFT", 17, [f32(2, 50, 2), np.int64(5), window], onesided=0)
    for op, periodic in itertools.product(("HannWindow", "HammingWindow", "BlackmanWindow"), (0, 1)):
        case(op, 17, [np.int64(10)], periodic=periodic)
        case(op, 17, [np.int32(9)], periodic=periodic, output_datatype=11)
    for bins, length, rate, low, high in ((8, 64, 8000, 0.0, 4000.0), (80, 400, 16000, 20.0, 7600.0), (40, 30, 16000, 0.0, 8000.0)):
        case("MelWeightMatrix", 17, [np.int64(bins), np.int64(length), np.int64(rate), np.float32(low), np.float32(high)])


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else "build/linear-cases"
    shutil.rmtree(root, ignore_errors=True)
    onnxruntime.set_default_logger_severity(4)
    for family in (products, einsums, integer_products, packed_weights, onnx_attention, contrib_attention, multi_head_attention, group_query_attention,
                   rotary, embeddings, recurrent, signals):
        family()
    for i, (op, opset, *rest) in enumerate(CASES):
        try:
            write(f"{root}/linear/{op}_{opset}_{i}", op, opset, *rest)
        except Exception as e:
            print(f"no expected output for {op} {opset} {rest[-1]} {[getattr(x, 'shape', None) for x in rest[0]]}: {e}")
    print(f"{len(CASES)} cases")


if __name__ == "__main__":
    main()
