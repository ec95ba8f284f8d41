"""One pair of masks in, numbers out: overlap, and which lesions were found."""
