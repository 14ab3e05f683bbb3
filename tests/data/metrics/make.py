#!/usr/bin/python3
"""Scores with ties, and what SciPy says of them; run once, in this folder:

    apt-get install python3-scipy && ./make.py

made scores.tsv (fold, same, score) and expected.json with Python 3.11.2, NumPy 1.24.2, SciPy 1.10.1.
The curve's figures are computed here from their definitions by brute force, over every threshold, in another way than
the library's; intervals, tests and the incomplete beta function are SciPy's.
"""
import json
import numpy as np
from scipy import optimize, special, stats

rng = np.random.default_rng(3)
folds, each = 5, 40
rows = []
for fold in range(folds):
    for same in (1, 0):
        for s in rng.normal(0.62 if same else 0.2, 0.17, each):
            rows.append((fold, same, round(float(s), 2)))
for i in (3, 41, 200):  # no face found
    rows[i] = (rows[i][0], rows[i][1], -np.inf)
with open("scores.tsv", "w") as f:
    for fold, same, s in rows:
        f.write(f"{fold}\t{same}\t{'-' if s == -np.inf else s}\n")

fold, same, score = (np.array(c) for c in zip(*rows))
same = same.astype(bool)
g, f = score[same], score[~same]
thresholds = sorted(set(score[np.isfinite(score)]), reverse=True)

auc = stats.mannwhitneyu(np.where(np.isfinite(g), g, -9), np.where(np.isfinite(f), f, -9)).statistic / (len(g) * len(f))
fmr = lambda t: np.mean(f >= t)
fnmr = lambda t: np.mean(g < t)
xs = [0] + [fmr(t) for t in thresholds] + [1]
ys = [1] + [fnmr(t) for t in thresholds] + [0]
eer = optimize.brentq(lambda x: np.interp(x, xs, ys) - x, 0, 1, xtol=1e-15)


def at_far(target):
    t = min((t for t in thresholds if np.sum(f >= t) <= target * len(f) + 1e-9), default=np.inf)
    k = int(np.sum(g >= t))
    ci = stats.binomtest(k, len(g)).proportion_ci(0.95, "exact")
    return {"far": target, "threshold": t, "genuine": k, "impostor": int(np.sum(f >= t)), "low": ci.low, "high": ci.high}


def best_threshold(use):
    use = use & np.isfinite(score)
    s = np.array(sorted(set(score[use])))
    candidates = [s[0], *((s[1:] + s[:-1]) / 2), np.nextafter(s[-1], np.inf)]
    right = [np.sum((score[use] >= c) == same[use]) for c in candidates]
    best = [c for c, r in zip(candidates, right) if r == max(right)]
    return best[(len(best) - 1) // 2]


lfw = []
for k in range(folds):
    t = best_threshold(fold != k)
    lfw.append({"threshold": t, "right": int(np.sum((score[fold == k] >= t) == same[fold == k]))})
accuracy = [x["right"] / (2 * each) for x in lfw]

counts = [(0, 10), (1, 10), (10, 10), (1463, 1500), (0, 1500), (1500, 1500), (88, 87532535), (875325, 87532535), (0, 87532535),
          (87532530, 87532535), (3, 7)]
out = {
    "auc": auc,
    "eer": eer,
    "at_far": [at_far(x) for x in (0.1, 0.05, 0.01, 0.001)],
    "lfw": lfw,
    "accuracy": float(np.mean(accuracy)),
    "error": float(np.std(accuracy, ddof=1) / np.sqrt(folds)),
    # proportion_ci's exact interval, written with beta.ppf
    "clopper_pearson": [[k, n, stats.beta.ppf(0.025, k, n - k + 1) if k else 0.0, stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1.0]
                        for k, n in counts],
    "mcnemar": [[b, c, stats.binomtest(b, b + c).pvalue if b + c else 1.0] for b, c in
                [(0, 0), (1, 0), (0, 6), (5, 5), (10, 2), (2, 10), (30, 51), (400, 300)]],
    "beta_inc": [[a, b, x, special.betainc(a, b, x)] for a, b, x in
                 [(1, 1, 0.25), (0.5, 0.5, 0.1), (2, 3, 0.4), (30, 5, 0.9), (200, 1, 0.99), (88, 87532448, 1e-6), (1e4, 1e4, 0.5)]],
    "probit": [[p, stats.norm.ppf(p)] for p in (1e-9, 1e-6, 0.001, 0.025, 0.3, 0.5, 0.8, 0.999, 1 - 1e-6)],
    "quantile": [[q, float(np.quantile(f[np.isfinite(f)], q))] for q in (0, 0.01, 0.25, 0.5, 0.95, 0.99, 1)],
    # v[r - 1] .. v[n - r], the largest r with P(X < r) <= 0.025
    "median_rank": [[n, max([r for r in range(0, n // 2 + 1) if stats.binom.cdf(r - 1, n, 0.5) <= 0.025])] for n in
                    (1, 5, 6, 10, 25, 100, 1000)],
}
with open("expected.json", "w") as o:
    json.dump(out, o, indent=1)
    o.write("\n")
