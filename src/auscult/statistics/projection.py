"""What calibration takes away from a variance: the part of an answer that the calibration variables explain.

Source: Deville and Särndal (1992), equation 3.4. With base weights d, calibrated weights w and variables X, the scores
w·z become w·(z − X·B), B = (X'dX)⁻¹·X'd·z: the exact projection. R's ``rake()`` approximates it by ten sweeps of
unweighted margin means; ``sweeps`` does the same for comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

type Matrix = NDArray[np.float64] | sparse.csr_array


@dataclass(frozen=True)
class Projection:
    """One calibration.

    Attributes:
        matrix: calibration variables X, shape (n, p), dense or sparse.
        before: weights before, shape (n,), persons.
        after: weights after, shape (n,), persons.
        sweeps: level of each row on each margin, to approximate the projection as R's ``rake()`` does; None (the
            default) projects exactly.
    """

    matrix: Matrix
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    sweeps: tuple[NDArray[np.intp], ...] | None = None

    def residual_scores(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores w·z, shape (n, K), to w·(z − X·B)."""
        after = np.where(self.after != 0, self.after, 1.0)[:, None]
        values = scores / after
        if self.sweeps is not None:
            return after * _swept(values, self.sweeps)
        if isinstance(self.matrix, np.ndarray):
            return after * (values - _explained(self.matrix, self.before, values))
        coefficients = solve_normal(self.matrix, self.before, self.matrix.T @ (self.before[:, None] * values))
        residual: NDArray[np.float64] = values - self.matrix @ coefficients
        return after * residual


def _explained(
    matrix: NDArray[np.float64], before: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """By an orthonormal basis, which keeps the digits that normal equations would lose on raw numbers."""
    root = np.sqrt(before)[:, None]
    norm = np.linalg.norm(matrix, axis=0)
    left, size, _ = np.linalg.svd(root * matrix / np.where(norm > 0, norm, 1.0), full_matrices=False)
    basis = left[:, size > size[0] * 1e-10]
    explained: NDArray[np.float64] = (basis @ (basis.T @ (root * values))) / np.where(root > 0, root, 1.0)
    return explained


def solve_normal(
    matrix: sparse.csr_array, weights: NDArray[np.float64], right: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Solve X'dX·B = right, shape (p, K). Margins overlap in the grand total, so X'dX is singular: least squares."""
    normal = (matrix.T @ (matrix * weights[:, None]).tocsr()).toarray()
    return np.linalg.pinv(normal, rcond=1e-12, hermitian=True) @ right


def _swept(values: NDArray[np.float64], levels: Sequence[NDArray[np.intp]], times: int = 10) -> NDArray[np.float64]:
    for _ in range(times):
        for codes in levels:
            size = np.bincount(codes)
            sums = np.column_stack([np.bincount(codes, weights=column, minlength=size.size) for column in values.T])
            values = values - (sums / np.maximum(size, 1)[:, None])[codes]
    return values
