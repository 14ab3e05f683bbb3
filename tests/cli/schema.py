"""schema.py SCHEMA: each line of stdin is checked; the numbers of those that are none of the schema are printed."""
import json
import sys

import jsonschema

with open(sys.argv[1], encoding="utf-8") as f:
    schema = json.load(f)
jsonschema.Draft202012Validator.check_schema(schema)
check = jsonschema.Draft202012Validator(schema)
for number, line in enumerate(sys.stdin, 1):
    fault = next(check.iter_errors(json.loads(line)), None)
    if fault:
        print(number, "/".join(map(str, fault.absolute_path)), fault.message[:200])
