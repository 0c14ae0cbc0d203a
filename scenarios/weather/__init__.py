"""Weather for any application, all of it drawn from the seed: which faults come, how often, on what cluster, under which settings.

Never here: how many seeds are played, and what they break.
"""
