"""Eigenvalues of the true and the learned connectivity in the complex plane.

A random rate network at rest turns chaotic where the spectral radius of g W passes 1: Sompolinsky, Crisanti &
Sommers (1988). The unit circle is that border.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from hydra_llm.figures.style import GREY, LEARNED, TRUTH, dress, new_figure, outer_legend

_MOST_NEURONS = 3000  # beyond, all eigenvalues take minutes


def eigenvalues(W_true: ArrayLike, W_learned: ArrayLike, gain_absorbed: bool) -> Figure:
    """W_true and W_learned: matrices [target, source], or eigenvalues [k] computed before.

    gain_absorbed: the matrices are g_i W_ij, so that the unit circle is g rho = 1; otherwise it is rho = 1 of W alone.
    """
    true, learned = _spectrum(W_true, "W_true"), _spectrum(W_learned, "W_learned")
    matrix = "gW" if gain_absorbed else "W"
    border = "unit circle, gρ = 1" if gain_absorbed else "unit circle, ρ = 1"
    figure = new_figure(6.2, 6.6, f"Eigenvalues of {matrix}")
    axes = figure.subplots()
    angle = np.linspace(0, 2 * np.pi, 400)
    axes.axhline(0, color="#EEEEEE", lw=0.8, zorder=0)
    axes.axvline(0, color="#EEEEEE", lw=0.8, zorder=0)
    axes.plot(np.cos(angle), np.sin(angle), color=GREY, lw=1, ls="--", zorder=1)
    size = float(np.clip(8000 / len(true), 8, 50))
    axes.scatter(
        np.real(true),
        np.imag(true),
        s=size,
        facecolors="none",
        edgecolors=TRUTH,
        lw=0.8,
        zorder=2,
    )
    axes.scatter(
        np.real(learned),
        np.imag(learned),
        s=0.35 * size,
        c=LEARNED,
        lw=0,
        zorder=3,
    )
    limit = 1.08 * max(1.0, _radius(true), min(_radius(learned), 3 * _radius(true)))
    axes.set(xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal")
    dress(axes, f"{len(true):,} true, {len(learned):,} learned", "real part (1/τ)", "imaginary part (1/τ)")
    outer_legend(figure, handles=_entries(border, matrix, true, learned), ncols=3)
    return figure


def _entries(border: str, matrix: str, true: np.ndarray, learned: np.ndarray) -> list[Line2D]:
    rho = f"ρ({matrix})"
    return [
        Line2D([], [], color=GREY, lw=1, ls="--", label=border),
        Line2D([], [], ls="", marker="o", ms=7, mfc="none", mec=TRUTH, label=f"true, {rho} = {_radius(true):.3g}"),
        Line2D([], [], ls="", marker="o", ms=4, color=LEARNED, label=f"learned, {rho} = {_radius(learned):.3g}"),
    ]


def _radius(values: np.ndarray) -> float:
    return float(np.abs(values).max())


def _spectrum(values: ArrayLike, name: str) -> np.ndarray:
    W = np.asarray(values)
    if W.size == 0 or not (W.ndim == 1 or (W.ndim == 2 and W.shape[0] == W.shape[1])):
        raise ValueError(
            f"{name} must be a square matrix [target, source] or its eigenvalues [k], got the shape {W.shape}."
        )
    if not np.isfinite(W).all():
        raise ValueError(f"{name} must be finite to have eigenvalues, got values that are not. Leave this figure out.")
    if W.ndim == 1:
        return W.astype(np.complex128)
    if len(W) > _MOST_NEURONS:
        raise ValueError(
            f"{name} has {len(W):,} neurons; all eigenvalues of more than {_MOST_NEURONS:,} take minutes. "
            "Give the leading eigenvalues [k] instead of the matrix."
        )
    return np.linalg.eigvals(W.astype(np.float64))
