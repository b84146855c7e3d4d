"""Benchmarks: ours against hand-written SQL on the same database in the same run. Figures are ratios, because machines
differ.
"""
