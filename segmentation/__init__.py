"""Cases, scans and masks, and everything that makes, corrects or measures a mask.

The sub-packages are science: NumPy, SciPy and PyTorch, no Django, usable in a notebook. The flat
modules beside `models` are the thin web layer over them.
"""
