"""fusion.py PAIRS A B: accuracy of cosine in A plus w times that in B over folds of 600 pairs, and McNemar's test against A."""
import array
import base64
import json
import math
import sys


def load(path):
    found = {}
    for line in open(path):
        record = json.loads(line)
        if record.get("faces"):
            v = array.array("f")
            v.frombytes(base64.b64decode(record["faces"][0]["embedding"]["f32"]))
            found[record["src"].rsplit("/", 1)[1]] = v
    return found


def read_pairs(path):
    for line in open(path):
        field = line.split()
        if len(field) in (3, 4):
            a, b = (field[0], field[1]), (field[0] if len(field) == 3 else field[2], field[-1])
            yield "%s_%04d.jpg" % (a[0], int(a[1])), "%s_%04d.jpg" % (b[0], int(b[1])), len(field) == 3


def right(scores, same):
    answers = []
    for fold in range(0, len(same), 600):
        others = sorted((s, g) for i, (s, g) in enumerate(zip(scores, same)) if not fold <= i < fold + 600)
        count = sum(g for _, g in others)
        steps = [(count, others[0][0] - 1)]
        for i, (s, g) in enumerate(others):
            count += -1 if g else 1
            steps.append((count, (s + others[i + 1][0]) / 2 if i + 1 < len(others) else s + 1))
        best = [t for c, t in steps if c == max(steps)[0]]
        threshold = best[len(best) // 2]
        answers += [(s >= threshold) == g for s, g in zip(scores[fold : fold + 600], same[fold : fold + 600])]
    return answers


pairs = list(read_pairs(sys.argv[1]))
same = [g for _, _, g in pairs]
cosines = [[sum(x * y for x, y in zip(v[a], v[b])) for a, b, _ in pairs] for v in map(load, sys.argv[2:4])]
alone = right(cosines[0], same)
print("%d pairs; w 0: %.2f %%" % (len(same), 100 * sum(alone) / len(same)))
for w in (1, 1.5, 2, 3):
    both = right([x + w * y for x, y in zip(*cosines)], same)
    won, lost = sum(x > y for x, y in zip(both, alone)), sum(x < y for x, y in zip(both, alone))
    n = won + lost
    p = min(1, 2 * sum(math.comb(n, i) for i in range(min(won, lost) + 1)) / 2**n)
    print("w %g: %.2f %%, %d won, %d lost, p %.3f" % (w, 100 * sum(both) / len(same), won, lost, p))
