"""Stories as plain text: commands at the margin, the timeline that is expected indented below. Written and read here.

Never here: what a step does, and how a run is made smaller.
"""
