#!/usr/bin/python3
"""What MobileFaceNet gives, without any of facecheck's code: plain NumPy in float64, from the paper and the weights.

    make.py MODELS CROP.ppm...      a line a crop: {"crop": "NAME.png", "raw": [192 numbers]}
    make.py MODELS --check FOLDER   compares with FOLDER/embeddings.jsonl; convert(1) reads the crops beside it
"""
import json
import os
import subprocess
import sys

import numpy as np


def safetensors(path):
    with open(path, "rb") as f:
        header = json.loads(f.read(int.from_bytes(f.read(8), "little")))
        data = f.read()
    out = {}
    for name, t in header.items():
        if name != "__metadata__":
            assert t["dtype"] == "F32"
            begin, end = t["data_offsets"]
            out[name] = np.frombuffer(data[begin:end], "<f4").reshape(t["shape"]).astype(np.float64)
    return out


def ppm(data):
    magic, size, deepest, rest = data.split(b"\n", 3)
    w, h = map(int, size.split())
    assert magic == b"P6" and deepest == b"255" and len(rest) == w * h * 3
    return np.frombuffer(rest, np.uint8).reshape(h, w, 3)


class MobileFaceNet:
    def __init__(self, weights):
        self.t = safetensors(weights)

    def conv(self, x, layer, stride=1, pad=(0, 0), depthwise=False):
        w, b = self.t[layer + ".conv.weight"], self.t[layer + ".conv.bias"]
        x = np.pad(x, ((0, 0), pad, pad))
        kh, kw = w.shape[2:]
        h, v = (x.shape[1] - kh) // stride + 1, (x.shape[2] - kw) // stride + 1
        y = np.zeros((w.shape[0], h, v))
        for i in range(kh):
            for j in range(kw):
                part = x[:, i:i + h * stride:stride, j:j + v * stride:stride]
                y += w[:, 0, i, j, None, None] * part if depthwise else np.tensordot(w[:, :, i, j], part, 1)
        return y + b[:, None, None]

    def prelu(self, x, layer):
        return np.where(x > 0, x, x * self.t[layer + ".prelu.weight"].reshape(-1, 1, 1))

    def same(self, x, layer, stride, depthwise):
        """TensorFlow's SAME: of an even map, stride 2 pads only the end."""
        return self.prelu(self.conv(x, layer, stride, (0, 1) if stride == 2 else (1, 1), depthwise), layer)

    def block(self, x, number, stride):
        name = f"block.{number}."
        y = self.prelu(self.conv(x, name + "expand"), name + "expand")
        y = self.conv(self.same(y, name + "dw", stride, True), name + "project")
        return y if stride == 2 else x + y

    def __call__(self, rgb):
        x = (rgb.astype(np.float64).transpose(2, 0, 1) - 127.5) / 128
        x = self.same(self.same(x, "stem", 2, False), "stem_dw", 1, True)
        x = self.conv(x, "stem_proj")
        for number, stride in enumerate([2] + [1] * 4 + [2] + [1] * 6 + [2] + [1] * 2):
            x = self.block(x, number, stride)
        x = self.conv(self.prelu(self.conv(x, "head"), "head"), "gdc", depthwise=True)
        return self.conv(self.conv(x, "logits"), "embedding").reshape(-1)


def check(net, folder):
    worst, n = 1, 0
    for line in open(os.path.join(folder, "embeddings.jsonl")):
        want = json.loads(line)
        png = os.path.join(folder, want["crop"])
        got = net(ppm(subprocess.run(["convert", png, "ppm:-"], check=True, capture_output=True).stdout))
        raw = np.array(want["raw"])
        worst = min(worst, got @ raw / np.linalg.norm(got) / np.linalg.norm(raw))
        n += 1
    print(f"{n} crops, least cosine {worst:.12f}")


def main():
    net = MobileFaceNet(os.path.join(sys.argv[1], "mobilefacenet.safetensors"))
    if sys.argv[2] == "--check":
        return check(net, sys.argv[3])
    for path in sys.argv[2:]:
        raw = net(ppm(open(path, "rb").read()))
        name = os.path.splitext(os.path.basename(path))[0] + ".png"
        print(json.dumps({"crop": name, "raw": [float(f"{v:.7g}") for v in raw]}))


main()
