"""head_weights.py DRAWS: head_weights.sh's figures, from records on standard input."""
import base64
import collections
import json
import math
import operator
import random
import struct
import sys

FPIR = 0.01
WEIGHTS = {
    "none": lambda q: 1,
    "eye_distance": lambda q: q["eye_distance"],
    "sharpness": lambda q: q["sharpness"],
    "log sharpness": lambda q: math.log(1 + q["sharpness"]),
    "cos^4 yaw": lambda q: max(0.05, math.cos(math.radians(q["yaw"]))) ** 4,
    "uniformity": lambda q: q["uniformity"] + 0.01,
    "dynamic_range": lambda q: q["dynamic_range"],
    "exposure": lambda q: max(0.05, 1 - q["overexposed"] - q["underexposed"]),
}


def dot(a, b):
    return sum(map(operator.mul, a, b))


def centre(photos, weight):
    out = [0.0] * len(photos[0][0])
    for e, quality in photos:
        w = weight(quality)
        out = [x + w * y for x, y in zip(out, e)]
    length = math.sqrt(dot(out, out))
    return [x / length for x in out]


def read():
    people = collections.defaultdict(list)
    for line in sys.stdin:
        record = json.loads(line)
        for face in record.get("faces", [])[:1]:
            data = base64.b64decode(face["embedding"]["f32"])
            people[record["src"].split("/")[-2]].append(
                (struct.unpack(f"<{len(data) // 4}f", data), face["quality"])
            )
    return people


def split(people, seed):
    draw = random.Random(seed)
    enrolled, probes, singles = [], [], []
    for name in sorted(people):
        own = people[name][:]
        draw.shuffle(own)
        if len(own) >= 4:
            probes += [(len(enrolled), e) for e, _ in own[3:]]
            enrolled.append(own[:3])
        elif len(own) == 1:
            singles.append(own[0][0])
    draw.shuffle(singles)
    return enrolled, probes, singles[:600]


def measure(enrolled, probes, strangers, weight):
    centres = [centre(photos, weight) for photos in enrolled]

    def best(e):
        return max((dot(c, e), k) for k, c in enumerate(centres))

    scores = sorted((best(e)[0] for e in strangers), reverse=True)
    threshold = scores[int(FPIR * len(scores))]
    answers = [(best(e), person) for person, e in probes]
    right = [k == person for (_, k), person in answers]
    return right, [ok and a[0] > threshold for ok, (a, _) in zip(right, answers)]


def main():
    people = read()
    total = collections.defaultdict(lambda: [0] * 5)
    for seed in range(1, int(sys.argv[1]) + 1):
        sets = split(people, seed)
        base = None
        for name, weight in WEIGHTS.items():
            right, hit = measure(*sets, weight)
            base = base or hit
            found = (sum(right), sum(hit), len(hit), sum(h > b for h, b in zip(hit, base)),
                     sum(h < b for h, b in zip(hit, base)))
            total[name] = [a + b for a, b in zip(total[name], found)]
    for name, (right, hit, n, won, lost) in total.items():
        print(f"{name:15} rank-1 {100 * right / n:6.2f} %  FNIR@{FPIR:g} {100 * (n - hit) / n:6.2f} %  "
              f"+{won} -{lost} of {n}")


main()
