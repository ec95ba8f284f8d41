"""The reference study: a reference in two steps, with a dot mask between them.

Step 1: every delineator draws every lesion of every case alone, on an empty mask, without seeing a
method or a colleague. When all of a case are in and the interval of the design has passed since,
the candidates are built: all lesions of all delineators and of the chosen methods after the size
filter (`candidates`); what shares a voxel is one candidate. Its dot is the centre of mass, moved to
the nearest voxel of the candidate (Hindsholm et al. 2021, Clinical Neuroradiology, two-step
reference). Step 2: every delineator decides every dot, in an order of their own that is drawn once
from the study's secret (`order`), not knowing whence it comes, and delineates those they agree with
(`lesions_at_dots`). Sham dots, where the design has some, lie where nobody drew anything: how many
of them are accepted tells how readily somebody says yes (`acceptance`).

Nothing here knows a database. Voxels are those of the RAS grid; places are RAS+ millimetres.
"""
