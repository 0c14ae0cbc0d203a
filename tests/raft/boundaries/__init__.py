"""The boundaries of every rule: the last value on one side and the first on the other, a row each, one step a row.

They were found with mutants (`make mutants`): each row, or each assertion, is the only one that notices some change.
"""
