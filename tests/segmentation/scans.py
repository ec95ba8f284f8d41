"""Small scans with lesions at known places, and a browser for each of the cast."""

import gzip
from datetime import UTC, datetime

import nibabel as nib
import numpy as np
from django.contrib.auth.models import User
from django.test import Client

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
AFFINE = np.array([[-1.0, 0, 0, 40], [0, -1.0, 0, 50], [0, 0, 3.0, -20], [0, 0, 0, 1]])


def nifti(
    voxels: np.ndarray,
    affine: np.ndarray = AFFINE,
    *,
    codes: tuple[int, int] = (1, 1),
    descrip: str = "",
) -> bytes:
    """A .nii.gz of these voxels with both geometries set, under these codes (sform, qform)."""
    image = nib.Nifti1Image(voxels, affine)
    image.set_sform(affine, codes[0])
    image.set_qform(affine, codes[1])
    image.header["descrip"] = descrip.encode()
    return gzip.compress(image.to_bytes())


def flair_voxels(seed: int = 1) -> np.ndarray:
    """A noisy head of 64 x 80 x 12 voxels."""
    rng = np.random.default_rng(seed)
    x, y = np.ogrid[-1:1:64j, -1:1:80j]
    head = (x**2 + y**2 < 0.7)[..., None] * np.ones(12)
    return (head * 400 + rng.normal(0, 12, (64, 80, 12)) + 40).clip(0).astype(np.int16)


def two_lesions() -> np.ndarray:
    """A mask with lesions of 27 and 8 voxels."""
    mask = np.zeros((64, 80, 12), np.uint8)
    mask[20:23, 30:33, 4:7] = 1
    mask[40:42, 50:52, 8:10] = 1
    return mask


def signed_in(user: User) -> Client:
    """A browser in which this user is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client
