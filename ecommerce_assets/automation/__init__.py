"""What starts runs without a user: jobs, schedules, the late-files sensor, the failure webhook.

What a run does is in `assets` and `checks`.
"""
