"""Reads JSON files, each a line of hexadecimal digits, and answers each with one line of words, separated by
commas, each in hexadecimal digits of UTF-8: for every value a path like list.0.certfile, and the value with its
kind in front.
"""

import json
import sys


def leaves(path, value):
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    if children is None:
        yield ".".join(path), f"text {value}" if isinstance(value, str) else f"other {value!r}"
    else:
        yield ".".join(path), f"other {type(value).__name__}"
        for key, child in children:
            yield from leaves(path + [str(key)], child)


for line in sys.stdin:
    document = json.loads(bytes.fromhex(line).decode("utf-8-sig"))
    print(",".join(word.encode().hex() for leaf in leaves([], document) for word in leaf))
