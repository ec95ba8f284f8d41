"""Geometry, NIfTI files and lesions: what a scan or a mask is, without any web."""
