"""A fixed number of threads while a model is fitted, because the number changes what is fitted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def fixed_threads(count: int) -> Iterator[None]:
    """Run the body with `count` threads in OpenMP and BLAS, whatever the environment says.

    Why: scikit-learn stores the number of OpenMP threads in histogram gradient boosting, and BLAS adds up
    in another order with more threads, which changes linear models in the last digits. Within this context
    a fit gives the same bytes whatever `OMP_NUM_THREADS` (or `OPENBLAS_NUM_THREADS`, `MKL_NUM_THREADS`) held
    before, for every `count`: with 2 threads as with 1, but those of 2 are not those of 1. So the count
    belongs in the record of a model. `count` may exceed the number of cores.

    scikit-learn takes the smaller of OpenMP's limit and the number of physical cores, unless
    `OMP_NUM_THREADS` is set. So it is set here too, and put back afterwards: otherwise 2 threads would be 1
    on a machine with one core of two hyperthreads. A library that is loaded inside the context, and a
    process that is started there, read it as well.

    OpenMP keeps its limit per thread and the environment is the process's: fit in the thread that entered,
    and do not enter from two threads at once. `n_jobs` of an estimator is another thing: joblib's workers.

    Raises `ValueError` for a count below 1.
    """
    if count < 1:
        raise ValueError(f"at least one thread is needed, not {count}")
    # Limits reach only libraries that are loaded: the BLAS of NumPy and of SciPy, scikit-learn's OpenMP.
    import scipy.linalg  # noqa: F401
    import sklearn.utils._openmp_helpers  # noqa: F401
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, str(count)))
    try:
        with threadpool_limits(limits=count):
            yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
