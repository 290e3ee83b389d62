"""The files of `k8s/`, checked against the API's schemas and by Dagster's own code."""
