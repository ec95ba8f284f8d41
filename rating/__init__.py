"""Everything that experts judge under a protocol, and the statistics of what they said.

`protocol` and `statistics` are science: they know no Django and nothing of images. The flat modules
beside `models` are the thin web layer over them.
"""
