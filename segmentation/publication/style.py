"""Colours and type of every figure."""

# Okabe and Ito 2008, the dark ones of them: at least 3:1 on white, told apart without red or green.
COLOURS = ("#0f5c83", "#b8510d", "#00785a", "#8f4b7d", "#6b6b00", "#55616d")
INK, SOFT, LINE = "#17202a", "#55616d", "#d9dee3"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
