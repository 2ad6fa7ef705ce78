"""Negative log likelihoods of PEtab: normal or Laplace, of values, of their logarithms, or of their log10.

    normal, lin:   0.5 log(2 pi sigma^2) + 0.5 ((m - y) / sigma)^2
    normal, log:   the same of log m and log y, plus log m; log10: plus log(m log 10)
    Laplace, lin:  log(2 sigma) + |m - y| / sigma; log and log10 as above

Source: PEtab 1.0.0 specification, section "Noise distributions".
"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class NoiseTerms:
    """Per measurement: the value, its derivatives by y and sigma, its expected second derivatives, and the residual
    (transformed measurement minus model, over sigma).
    """

    value: np.ndarray
    by_y: np.ndarray
    by_sigma: np.ndarray
    curvature_y: np.ndarray
    curvature_sigma: np.ndarray
    residual: np.ndarray


def terms(m: np.ndarray, y: np.ndarray, sigma: np.ndarray, transformation: str, distribution: str) -> NoiseTerms:
    """m: measurements; y: model; sigma: of the transformed values. Not finite where a logarithm does not exist."""
    with np.errstate(all="ignore"):
        transformed, model, slope, jacobian = _transformed(m, y, transformation)
        r = (transformed - model) / sigma
        if distribution == "normal":
            value = 0.5 * np.log(2 * math.pi * sigma**2) + 0.5 * r**2 + jacobian
            by_model, by_sigma, expected = -r / sigma, (1 - r**2) / sigma, 2 / sigma**2
        else:
            value = np.log(2 * sigma) + np.abs(r) + jacobian
            by_model, by_sigma, expected = -np.sign(r) / sigma, (1 - np.abs(r)) / sigma, 1 / sigma**2
        value = np.where(sigma > 0, value, np.inf)
        return NoiseTerms(value, by_model * slope, by_sigma, slope**2 / sigma**2, expected, r)


def _transformed(m: np.ndarray, y: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Measurement and model as they are compared, d(model)/dy, and what the change of variables adds."""
    if kind == "lin":
        return m, y, np.ones_like(y), np.zeros_like(y)
    if kind == "log":
        return np.log(m), np.log(y), 1 / y, np.log(m)
    return np.log10(m), np.log10(y), 1 / (y * math.log(10)), np.log(m * math.log(10))
