"""Headings and rows to a whole file on disk, CSV or XLSX.

What is offered here knows no web framework, asks no database and knows not what the columns mean: rows come as
any iterable and are taken some at a time.
"""

from __future__ import annotations

from segmentation.exports.columns import Column, Header, Kind, Value
from segmentation.exports.csv_file import write_csv
from segmentation.exports.files import Written
from segmentation.exports.xlsx_file import write_xlsx

__all__ = ["Column", "Header", "Kind", "Value", "Written", "write_csv", "write_xlsx"]
