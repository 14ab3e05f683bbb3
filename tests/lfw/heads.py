"""heads.py split WORK SEED PHOTOS: draws who is enrolled, probe, stranger, negative, background, from WORK/all.jsonl.
heads.py table WORK: figures from WORK/answers; exit status 1 where mean is worse than the cosine."""
import collections
import json
import math
import random
import sys

FPIRS = (1e-1, 1e-2, 1e-3)


def split(work, seed, photos):
    draw = random.Random(seed)
    people = collections.defaultdict(list)
    with open(work + "/all.jsonl", encoding="utf-8") as f:
        for line in f:
            people[json.loads(line)["id"]].append(line)
    lists = collections.defaultdict(list)
    singles = []
    for name in sorted(people):
        own = people[name]
        draw.shuffle(own)
        if len(own) >= 4:
            lists["enrolled"] += own[:photos]
            lists["probes"] += own[photos:]
        elif len(own) >= 2:
            lists["background"] += own
        else:
            singles += own
    draw.shuffle(singles)
    lists["negatives"], lists["strangers"] = singles[:400], singles[400:]
    for name, lines in lists.items():
        with open(f"{work}/{name}.jsonl", "w", encoding="utf-8") as f:
            f.writelines(lines)


def mcnemar(b, c):
    """Two-sided p of b against c discordant answers, exact."""
    n, k = b + c, min(b, c)
    return min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n) if n else 1.0


def interval(values):
    """Mean and half the width of its 95 % interval over the draws (Student)."""
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return mean, float("nan")
    t = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36, 9: 2.31, 10: 2.26}.get(n, 2.0)
    return mean, t * math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)


def figures(probes, strangers, answer):
    """rank-1 and FNIR at each FPIR of a way to answer: answer(row) is a name and a score."""
    scores = sorted((answer(r)[1] for r in strangers), reverse=True)
    right = [answer(r)[0] == r["true"] for r in probes]
    out = [sum(right) / len(right)]
    for fpir in FPIRS:
        most = scores[int(fpir * len(scores))]
        out.append(sum(not (ok and answer(r)[1] > most) for ok, r in zip(right, probes)) / len(probes))
    return out, right


def table(work):
    rows = collections.defaultdict(list)
    with open(work + "/answers", encoding="utf-8") as f:
        for line in f:
            seed, photos, which, kind, probe, near, cosine, head, score, stranger = line.rstrip("\n").split("\t")
            rows[int(photos), int(seed), kind, which].append(
                {"true": probe.split("/")[-2], "near": near, "cosine": float(cosine),
                 "head": None if stranger == "true" else head, "score": -2 if stranger == "true" else float(score)})
    ways = {"the head alone": lambda r: (r["head"], r["score"]),
            "two stages": lambda r: (r["head"], r["cosine"] if r["head"] else -2)}
    seeds = sorted({k[1] for k in rows})
    kinds = list(dict.fromkeys(k[2] for k in rows))
    failed = False
    for photos in (1, 3):
        print(f"\n{photos} photo{'s' if photos > 1 else ' and 5 views'} a person; {len(seeds)} draws of "
              f"{len(rows[photos, seeds[0], kinds[0], 'probes'])} probes and "
              f"{len(rows[photos, seeds[0], kinds[0], 'strangers'])} strangers; mean and 95 % interval of it, in percent")
        print(f"{'':27}{'rank-1':>15}" + "".join(f"{f'FNIR@{f:g}':>15}" for f in FPIRS) + "   McNemar, rank-1")
        base = {}
        for kind in [None] + kinds:
            for way, answer in ways.items() if kind else [("", lambda r: (r["near"], r["cosine"]))]:
                all_figures, better, worse = [], 0, 0
                for seed in seeds:
                    get = lambda which: rows[photos, seed, kind or kinds[0], which]
                    found, right = figures(get("probes"), get("strangers"), answer)
                    all_figures.append(found)
                    base.setdefault(seed, right)
                    better += sum(b and not a for a, b in zip(base[seed], right))
                    worse += sum(a and not b for a, b in zip(base[seed], right))
                cells = [interval([100 * f[i] for f in all_figures]) for i in range(1 + len(FPIRS))]
                text = "".join(f"{m:9.2f} ±{h:4.2f}" for m, h in cells)
                test = f"   +{better} -{worse}, p = {max(mcnemar(better, worse), 1e-9):.2g}" if kind else ""
                print(f"{(kind + ', ' + way) if kind else 'cosine of the nearest':27}{text}{test}")
                if not kind:
                    cosine_rank1 = cells[0][0]
                elif kind == "mean" and way == "two stages" and cells[0][0] < cosine_rank1 - 0.5:
                    failed = True
    sys.exit(failed)


if sys.argv[1] == "split":
    split(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    table(sys.argv[2])
