"""The fit of a rate network with both functions as splines: bilinear in W and the message, all else linear.

y_ti = sum_k a_k B_k(u_ti) + sum_j W_ij m_tj + noise,  m_tj = sum_k c_k B_k(u_tj), of root mean square 1

W has a Gaussian prior and is integrated out, so the functions maximise the probability of the data (type II maximum
likelihood). With S = m^T m / frames that is the minimum over (a, c), and over W at given (a, c), of

sum_i [|y_i - update_i - m W_i|^2 / frames + ridge |W_i|^2] / n + noise log det(S + ridge) / frames + roughness.

Without the determinant a message that lets W explain more noise would win: at a signal below the noise that costs 0.05
to 0.1 of the R2 of W. ridge and noise maximise the same probability, and the roughness has a prior whose strength does.
Gauss-Newton with W projected out: Golub & Pereyra (1973), Kaufman (1975); strengths: MacKay (1992).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from hydra_llm.families.signal.fitting.ridge import without_self
from hydra_llm.identifiability.evidence import minimise_log
from hydra_llm.nn.spline import SplineBasis, roughness, third_differences

CHUNK = 20  # targets whose normal equations are formed at once
WEAKEST_RIDGE = 1e-18  # relative to the mean square message, which is 1
_PRECISION = 1e-15  # of the mean square target: below it noise is rounding


@dataclass(frozen=True)
class Strengths:
    """What the data choose. ridge and noise as above; smoothing of the update and of the message (relative to the mean
    square target), as factors of their roughness. cost: -2 log evidence per target, up to a constant.
    """

    ridge: float
    noise: float
    update: float
    message: float
    cost: float = float("inf")


@dataclass(frozen=True)
class Minimum:
    """The minimum over W at functions a, c [k]; shares are relative to the mean square target."""

    a: Tensor
    c: Tensor
    W: Tensor  # [target, source], zero diagonal
    loss: float
    unexplained: float  # share
    message: Tensor  # [frame, source], rms 1
    residual: Tensor  # [frame, target]
    Q: Tensor  # orthonormal basis of the messages, ridge included [frame, source]
    own: Tensor  # column i: what message i adds to that of the others [frame, source]
    inverse: Tensor  # of S + ridge [source, source]
    below: Tensor  # the rows of that basis which belong to the ridge [source, source]


class BilinearProblem:
    """states, known [frame, neuron]: what W and the update have to explain, on a fixed set of frames."""

    def __init__(self, states: Tensor, known: Tensor, basis: SplineBasis) -> None:
        self.basis, self.known = basis, known
        self.n_frames, self.n = known.shape
        self.size = float(known.square().mean())
        self._B = basis(states.T)  # [neuron, frame, k]
        self._rough = roughness(basis.n)

    def curve(self, coefficients: Tensor) -> Tensor:
        """The curve at all states [frame, neuron]."""
        return (self._B @ coefficients).T

    def at(self, a: Tensor, c: Tensor, strengths: Strengths) -> Minimum:
        """Solve for W at given functions; c is scaled to a message of rms 1."""
        message = self.curve(c)
        scale = message.square().mean().sqrt()
        message, c = message / scale, c / scale
        received = self.known - self.curve(a)
        eye = torch.eye(self.n, dtype=message.dtype)
        rows = torch.cat([message / self.n_frames**0.5, strengths.ridge**0.5 * eye])
        Q, R = torch.linalg.qr(rows)
        root = torch.linalg.solve_triangular(R, eye, upper=True)
        inverse = root @ root.T
        X = root @ (Q[: self.n_frames].T @ received) / self.n_frames**0.5  # [source, target]
        X = without_self(inverse, X)
        residual = received - message @ X
        explained = float(residual.square().mean())
        loss = explained + strengths.ridge * float(X.square().sum()) / self.n
        loss += strengths.noise / self.n_frames * 2 * float(R.diagonal().abs().log().sum())
        loss += strengths.update * float(a @ self._rough @ a)
        loss += strengths.message * self.size * float(c @ self._rough @ c)
        own = (message / self.n_frames**0.5 @ inverse) / inverse.diagonal().sqrt()
        W = X.T.contiguous()
        return Minimum(
            *(a, c, W, loss / self.size, explained / self.size, message, residual),
            *(Q[: self.n_frames], own, inverse, Q[self.n_frames :]),
        )

    def likeliest(self, point: Minimum, strengths: Strengths, weakest: float) -> tuple[Strengths, Tensor]:
        """ridge and noise of largest evidence at the message of the point, and the update [k] that belongs to them.

        The own source of a target counts as one of the others here, one direction of n. weakest: no ridge below it.
        """
        T, n, k = self.n_frames, self.n, self.basis.n
        values, V = torch.linalg.eigh(point.message.T @ point.message / T)
        values = values.clamp_min(0)
        turned = V.T @ point.message.T / T  # [direction, frame]
        y = turned @ self.known  # [direction, target]
        moment, right = torch.zeros(k, k, dtype=y.dtype), torch.zeros(k, dtype=y.dtype)
        squares, products = torch.zeros(n, k, k, dtype=y.dtype), torch.zeros(n, k, dtype=y.dtype)
        for some in self._chunks():
            B = self._B[some]
            moment += torch.einsum("itk,itl->kl", B, B) / T
            right += torch.einsum("itk,ti->k", B, self.known[:, some]) / T
            X = (turned @ B).transpose(0, 1)  # [direction, target, k]
            squares += X.transpose(1, 2) @ X
            products += (X * y[:, some, None]).sum(1)
        y_squares, total = y.square().sum(1), float(self.known.square().sum()) / T
        smooth = n * strengths.update * self._rough + 1e-14 * moment.diagonal().mean() * torch.eye(k, dtype=y.dtype)

        def solved(ridge: Tensor) -> tuple[Tensor, Tensor]:
            """The update, and the noise of a target."""
            w = 1 / (values + ridge)
            left = moment - torch.tensordot(w, squares, 1) + smooth
            toward = right - w @ products
            a = torch.linalg.solve(left, toward)
            return a, ((total - w @ y_squares - a @ toward) / n).clamp_min(_PRECISION * self.size)

        def cost(ridge: Tensor) -> Tensor:
            noise = solved(ridge)[1]
            return (T * noise.log() + ((values + ridge) / ridge).log().sum())[None]

        low, high = (torch.tensor(end, dtype=y.dtype) for end in (max(weakest, WEAKEST_RIDGE), 10.0))
        ridge = minimise_log(cost, low, high, 1)[0]
        a, noise = solved(ridge)
        return replace(strengths, ridge=float(ridge), noise=float(noise), cost=float(cost(ridge))), a

    def normal_equations(self, point: Minimum, strengths: Strengths) -> tuple[Tensor, Tensor]:
        """H [2 k, 2 k] of the linearised residuals over (a, c), W projected out; minus half the gradient."""
        T, k = self.n_frames, self.basis.n
        H, gradient = (torch.zeros(*size, dtype=point.message.dtype) for size in ((2 * k, 2 * k), (2 * k,)))
        flat = self._B.reshape(self.n, -1)
        for some in self._chunks():
            incoming = (point.W[some] @ flat).reshape(-1, T, k)
            design = torch.cat([self._B[some], incoming], dim=2) / T**0.5  # [target, frame, 2 k]
            inside = point.Q.T @ design
            own = torch.einsum("ti,itk->ik", point.own[:, some], design)  # the target's own column takes no part
            rows, inside = design.reshape(-1, 2 * k), inside.reshape(-1, 2 * k)
            H += rows.T @ rows - inside.T @ inside + own.T @ own
            gradient += rows.T @ point.residual[:, some].T.reshape(-1) / T**0.5
        H, gradient = H / self.n, gradient / self.n
        weighted = (strengths.noise / T**2) * (point.message @ point.inverse)
        gradient[k:] -= self._moment(weighted)
        gradient -= self.penalty(strengths) @ torch.cat([point.a, point.c])
        P = self._scaled(point)
        return P.T @ H @ P, P.T @ gradient

    def factored(self, point: Minimum, strengths: Strengths) -> tuple[Tensor, Tensor]:
        """R [row, 2 k] and z [row], |R step - z|^2 the linearised loss per target up to a constant: normal_equations
        without noise, and without forming H, whose rounding hides what curves less than 1e-16 of the rest. The first
        2 k + 1 rows are those of the residuals, the others of the roughness.
        """
        T, k = self.n_frames, self.basis.n
        flat, root = self._B.reshape(self.n, -1), strengths.ridge**0.5
        own_below = root * point.inverse / point.inverse.diagonal().sqrt()  # column i, as point.own
        found = torch.zeros(0, 2 * k + 1, dtype=point.message.dtype)
        for some in self._chunks():
            incoming = (point.W[some] @ flat).reshape(-1, T, k)
            design = torch.cat([self._B[some], incoming], dim=2) / T**0.5  # [target, frame, 2 k]
            inside = point.Q.T @ design
            own = torch.einsum("ti,itk->ik", point.own[:, some], design)[:, None]
            above = design - point.Q @ inside + point.own[:, some].T[:, :, None] * own
            below = own_below[:, some].T[:, :, None] * own - point.below @ inside
            left = torch.cat([point.residual[:, some].T / T**0.5, -root * point.W[some]], dim=1)  # [target, row]
            rows = torch.cat([torch.cat([above, below], dim=1), left[:, :, None]], dim=2)
            found = torch.linalg.qr(torch.cat([found, rows.reshape(-1, 2 * k + 1)]), mode="r").R
        found = found / self.n**0.5
        third = third_differences(k)
        rough = torch.block_diag(strengths.update**0.5 * third, (strengths.message * self.size) ** 0.5 * third)
        rows = torch.cat([found[:, : 2 * k], rough]) @ self._scaled(point)
        return rows, torch.cat([found[:, 2 * k], -(rough @ torch.cat([point.a, point.c]))])

    def _scaled(self, point: Minimum) -> Tensor:
        """What a step of (a, c) does [2 k, 2 k]: the message is divided by its rms, which moves with c."""
        k = self.basis.n
        P = torch.eye(2 * k, dtype=point.message.dtype)
        P[k:, k:] -= torch.outer(point.c, self._moment(point.message) / (self.n_frames * self.n))
        return P

    def penalty(self, strengths: Strengths) -> Tensor:
        """The roughness as a matrix over (a, c)."""
        return torch.block_diag(strengths.update * self._rough, strengths.message * self.size * self._rough)

    def smoothing(self, point: Minimum, strengths: Strengths, H: Tensor) -> Strengths:
        """Strengths of the roughness by a step of MacKay's iteration, of at most a factor of 100."""
        k = self.basis.n
        spread = torch.linalg.pinv(H + self.penalty(strengths), hermitian=True)

        def chosen(own: slice, coefficients: Tensor, present: float) -> float:
            free = k - 3  # directions that have a roughness
            determined = free - present * float((spread[own, own] * self._rough).sum())
            determined = min(max(determined, 1.0), free)
            rough = max(float(coefficients @ self._rough @ coefficients), 1e-300)
            wanted = strengths.noise / (self.n_frames * self.n) * determined / rough
            return min(max(wanted, present / 100), 100 * present)

        update = chosen(slice(0, k), point.a, strengths.update)
        message = chosen(slice(k, 2 * k), point.c, strengths.message * self.size)
        return replace(strengths, update=update, message=message / self.size)

    def _moment(self, weights: Tensor) -> Tensor:
        """sum_tj weights_tj B_k(u_tj) [k]."""
        return torch.einsum("jt,jtk->k", weights.T, self._B)

    def _chunks(self) -> Iterator[slice]:
        return (slice(start, min(start + CHUNK, self.n)) for start in range(0, self.n, CHUNK))
