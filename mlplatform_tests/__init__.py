"""Tests; the folders mirror those of the package.

More tests run at once than there are cores, and the threads of OpenMP and BLAS wait for each other by
spinning: with two of them a prediction took up to ten times as long as with one. So a test has one, and so
has what it starts, unless it says otherwise; a model is fitted with the threads that it declares in any case.
"""

import os

for _threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when the libraries are loaded
    os.environ.setdefault(_threads, "1")
