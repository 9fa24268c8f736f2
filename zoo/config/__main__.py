"""`python -m zoo.config > configs/schema.json` renews the shipped JSON schema."""

import json
import sys

from .config import json_schema

sys.stdout.write(json.dumps(json_schema(), indent=2) + "\n")
