"""Formula neutralising for the text cells of CSV files, and its exact inverse for reading back.

A spreadsheet runs a cell that begins with `= + - @`, in quotation marks or not. An apostrophe first
makes it text. This is for texts only: numbers and dates that we spell ourselves are safe.

Three things go beyond the usual rule:

- What a reader may skip before the formula (white space, control characters, invisible marks,
  quotation marks) does not hide it. LibreOffice keeps a leading space and runs nothing; Google
  Sheets and some converters are reported to drop it first.
- A reader that splits at semicolons, as spreadsheets do where Windows separates lists with them
  (many Arabic locales), cuts our cells elsewhere: LibreOffice then runs the middle of `";=1+1;"`,
  quotation marks around the cell or not. So the same holds after every semicolon, tab and line
  break within a text. Commas need nothing: who splits at them honours our quotation marks.
- Apostrophes that are there already are no guard, or `unguard` could not tell ours from theirs.
"""

from __future__ import annotations

import re

_FORMULA = r"=+\-@\uff1d\uff0b\uff0d\uff20"
_BREAKS = r"\t\r\n"
_SKIPPED = (r'\x00-\x08\x0b\x0c\x0e-\x20"\x7f-\xa0\xad\u061c\u1680\u180e'
            r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff")
_PHONE = re.compile(r"\+[0-9]{6,15}")


def _places(mark: str) -> re.Pattern[str]:
    """Where an apostrophe belongs: `mark` before something risky, at the start of a text or a part.

    What is looked at never reaches past the next separator, so that an apostrophe put into one part
    does not change what is found in another; else `unguard` would miss some.
    """
    return re.compile(rf"\A{mark}(?='*[\x00{_BREAKS}])"
                      rf"|(?:\A|(?<=[;{_BREAKS}])){mark}(?='*[{_SKIPPED}]*[{_FORMULA}])")


_BARE = _places("")
_GUARDED = _places("'")


def guard(text: str) -> str:
    """The text as a CSV cell that no spreadsheet runs. A phone number in E.164 stays as it is."""
    return text if _PHONE.fullmatch(text) else _BARE.sub("'", text)


def unguard(cell: str) -> str:
    """The text that `guard` was given: `unguard(guard(text)) == text` for every text."""
    return _GUARDED.sub("", cell)
