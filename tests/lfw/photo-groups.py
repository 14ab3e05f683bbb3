"""photo-groups.py RECORDS: rates by quarters of what fc-quality measured; a person is a photo's folder."""
import base64
import json
import sys

import numpy as np

faces = []
for line in open(sys.argv[1]):
    record = json.loads(line)
    if record.get("faces"):
        face = record["faces"][0]
        v = np.frombuffer(base64.b64decode(face["embedding"]["f32"]), dtype="<f4")
        faces.append((record["src"].split("/")[-2], face["quality"], v))
person = np.array([f[0] for f in faces])
v = np.array([f[2] for f in faces])
a, b = np.triu_indices(len(faces), 1)
match = (v @ v.T)[a, b] >= 0.45
same = person[a] == person[b]


def rates(name, which):
    print("%-28s FMR %.3f %%, FNMR %.2f %% of %d" % (name, 100 * match[which & ~same].mean(),
          100 * (~match[which & same]).mean(), (which & same).sum()))


rates("all", np.ones(len(a), bool))
for measure in ("luminance", "yaw", "sharpness", "eye_distance"):
    x = np.array([f[1][measure] for f in faces])
    x = abs(x) if measure == "yaw" else x
    edges = np.quantile(x, [0.25, 0.5, 0.75])
    quarter = np.digitize(x, edges)
    for i in range(4):
        rates("%s, quarter %d (%.2f)" % (measure, i + 1, edges[min(i, 2)]), (quarter[a] == i) & (quarter[b] == i))
