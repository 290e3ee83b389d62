"""Reports: functions from frames to a Matplotlib figure and a sentence. No SQL, disk or Dagster."""
