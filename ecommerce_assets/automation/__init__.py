"""What starts by itself: schedules, the sensor for late files, the webhook for failures.

What a run does is in `assets` and `checks`.
"""
