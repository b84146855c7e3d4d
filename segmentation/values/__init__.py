"""How raw values become the one form that is stored and compared: text, phones, codes. Plain functions, no database."""
