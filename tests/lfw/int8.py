"""int8.py BIN LFW [PHOTOS]: what bytes would do to MobileFaceNet's embeddings, before anybody writes kernels for them.

Takes PHOTOS (400) photos of the first fold of LFW's pairs, their crops from fc-align, and computes the network in NumPy: in
float32 (held against fc-embed's vectors), with weights as signed bytes by a factor for each output channel, and with the input of
each convolution as bytes, too, between the least and the greatest value that other photos gave it, or between the quantiles
that leave out 1e-4 at either end; with depthwise convolutions and the last two layers in float32 or not. Prints the least, the
hundredth part's and the mean cosine to float32, and how many pairs of the fold are decided otherwise at 0.40. Wants numpy."""
import base64
import json
import os
import struct
import subprocess
import sys

import numpy as np

os.environ["FACECHECK_CONFIG"] = ""  # what a user has set changes no figure

STAGES = ((128, 2, 1), (128, 1, 4), (256, 2, 1), (256, 1, 6), (512, 2, 1), (256, 1, 2))


def tensors(path):
    with open(path, "rb") as f:
        size = struct.unpack("<Q", f.read(8))[0]
        head = json.loads(f.read(size))
        data = f.read()
    out = {}
    for name, t in head.items():
        if name != "__metadata__":
            a, b = t["data_offsets"]
            out[name] = np.frombuffer(data[a:b], "<f4").reshape(t["shape"])
    return out


class Net:
    def __init__(self, weights, mode):
        """mode: "float", "weights" or "bytes"; those named in spare stay as they are."""
        self.w, self.mode, self.spare = weights, mode, ()
        self.ranges, self.seen, self.cut = {}, None, 0

    def bytes_of(self, name, x):
        if self.seen is not None:
            low, high = np.quantile(x.ravel()[::5], (self.cut, 1 - self.cut)) if self.cut else (x.min(), x.max())
            a, b = self.seen.get(name, (0.0, 0.0))
            self.seen[name] = (min(a, low), max(b, high))
            return x
        if self.mode != "bytes" or name.startswith(self.spare) or name.endswith(self.spare):
            return x
        low, high = self.ranges[name]
        step = (high - low) / 255
        zero = np.round(-low / step)
        return ((np.clip(np.round(x / step) + zero, 0, 255) - zero) * step).astype("f4")

    def weights(self, name):
        w = self.w[name + ".conv.weight"]
        if self.mode == "float" or name.startswith(self.spare) or name.endswith(self.spare):
            return w
        most = np.abs(w).reshape(len(w), -1).max(1).reshape(-1, 1, 1, 1) / 127
        return (np.round(w / most) * most).astype("f4")

    def conv(self, x, name, stride=1, prelu=True):
        x, w = self.bytes_of(name, x), self.weights(name)
        o, i, k, _ = w.shape
        if k == 1:
            y = x @ w[:, :, 0, 0].T
        else:
            pad = (0, 0) if k == 7 else (1, 1) if stride == 1 else (0, 1)
            p = np.pad(x, ((0, 0), pad, pad, (0, 0)))
            n = (p.shape[1] - k) // stride + 1
            y = np.zeros((len(x), n, n, o), "f4")
            for a in range(k):
                for b in range(k):
                    part = p[:, a:a + stride * n:stride, b:b + stride * n:stride]
                    y += part[:, :n, :n] * w[:, 0, a, b] if i == 1 else part[:, :n, :n] @ w[:, :, a, b].T
        y = y + self.w[name + ".conv.bias"]
        if prelu:
            y = np.where(y > 0, y, y * self.w[name + ".prelu.weight"])
        return y.astype("f4")

    def embed(self, x):
        x = self.conv(x, "stem", 2)
        x = self.conv(x, "stem_dw")
        x = self.conv(x, "stem_proj", prelu=False)
        n = 0
        for _, stride, repeat in STAGES:
            for _ in range(repeat):
                y = self.conv(x, f"block.{n}.expand")
                y = self.conv(y, f"block.{n}.dw", stride)
                y = self.conv(y, f"block.{n}.project", prelu=False)
                x = y + x if stride == 1 else y
                n += 1
        x = self.conv(x, "head")
        for last in ("gdc", "logits", "embedding"):
            x = self.conv(x, last, prelu=False)
        v = x[:, 0, 0]
        return v / np.linalg.norm(v, axis=1, keepdims=True)

    def all(self, crops):
        return np.concatenate([self.embed(crops[i:i + 8]) for i in range(0, len(crops), 8)])


def first_fold(lfw):
    """The pairs of the first fold: names of photos and whether they are the same person's."""
    pairs = []
    with open(lfw + "/pairs.txt", encoding="utf-8") as f:
        rows = [line.split() for line in f][1:601]
    for row in rows:
        same = len(row) == 3
        a, b = (row[0], row[1]), (row[0], row[2]) if same else (row[2], row[3])
        pairs.append(tuple(f"{lfw}/images/{n}/{n}_{int(k):04d}.jpg" for n, k in (a, b)) + (same,))
    return pairs


def records(tool, photos):
    run = subprocess.run([*tool, "-q", "--faces", "center", *photos], check=True, stdout=subprocess.PIPE)
    return [json.loads(line)["faces"][0] for line in run.stdout.splitlines()]


def main(binaries, lfw, photos=400):
    pairs = first_fold(lfw)
    pairs = pairs[:photos // 4] + pairs[-(photos // 4):]
    names = sorted({p for pair in pairs for p in pair[:2]})
    crops = np.stack([np.frombuffer(base64.b64decode(f["crop"]["rgb"]), "u1").reshape(112, 112, 3)
                      for f in records([binaries + "/fc-align"], names)])
    crops = ((crops - 127.5) / 128).astype("f4")
    ours = np.stack([np.frombuffer(base64.b64decode(f["embedding"]["f32"]), "<f4")
                     for f in records([binaries + "/fc-embed", "--precision", "fp32"], names)])
    ours = ours / np.linalg.norm(ours, axis=1, keepdims=True)
    weights = tensors(os.path.dirname(os.path.realpath(__file__)) + "/../../models/mobilefacenet.safetensors")
    at = {n: i for i, n in enumerate(names)}
    exact = Net(weights, "float").all(crops)
    print(f"{len(names)} photos; NumPy's float32 and fc-embed's: least cosine {(exact * ours).sum(1).min():.6f}")
    # every fourth photo tells the ranges, the others are measured
    told, rest = np.arange(len(names)) % 4 == 0, np.arange(len(names)) % 4 != 0
    last = ("gdc", "logits", "embedding")
    for what, mode, cut, spare in (("weights", "weights", 0, ()), ("weights and maps", "bytes", 0, ()),
                                   ("weights and maps, 1e-4 cut off", "bytes", 1e-4, ()),
                                   ("the same, depthwise in float32", "bytes", 1e-4, (".dw", "stem_dw", "gdc")),
                                   ("the same, first and last, too", "bytes", 1e-4,
                                    (".dw", "stem", "block.0.") + last)):
        net = Net(weights, mode)
        if mode == "bytes":
            teach = Net(weights, "float")
            teach.seen, teach.cut = {}, cut
            teach.all(crops[told])
            net.ranges = teach.seen
        net.spare = spare
        v = net.all(crops)
        cosine = np.sort((v * exact).sum(1)[rest])
        other = sum((exact[at[a]] @ exact[at[b]] > 0.4) != (v[at[a]] @ v[at[b]] > 0.4) for a, b, _ in pairs)
        wrong = [sum((e[at[a]] @ e[at[b]] > 0.4) != same for a, b, same in pairs) for e in (exact, v)]
        print(f"{what}: least cosine {cosine[0]:.5f}, hundredth {cosine[len(cosine) // 100]:.5f}, "
              f"mean {cosine.mean():.5f}; {other} of {len(pairs)} pairs otherwise, wrong {wrong[0]} -> {wrong[1]}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
