"""Reads metrics from standard input by prometheus_client's parsers, and prints them as JSON.

The argument is the media type that they came with. The parser of OpenMetrics is strict: units,
order, the end of the text and the form of histograms are checked.
"""

import json
import sys

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

text = sys.stdin.read()
openly = sys.argv[1].startswith("application/openmetrics-text")
families = (openmetrics if openly else parser).text_string_to_metric_families(text)
read = [
    {
        "name": family.name,
        "type": family.type,
        "documentation": family.documentation,
        "samples": [
            {"name": sample.name, "labels": sample.labels, "value": sample.value} for sample in family.samples
        ],
    }
    for family in families
]
json.dump(read, sys.stdout)
