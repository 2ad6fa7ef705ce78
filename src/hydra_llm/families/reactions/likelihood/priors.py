"""Priors of PEtab's parameter table (objectivePriorType): minus the log of each density, with two derivatives.

    parameterScaleNormal, parameterScaleLaplace   over the scaled parameter
    normal, laplace                               over the parameter
    logNormal, logLaplace                         over the parameter, from the density of its logarithm

The uniform ones are constants within the bounds. Source: PEtab 1.0.0 specification, section "Parameter table".
"""

import math
from dataclasses import dataclass

from hydra_llm.families.reactions.petab.parameters import PetabParameter, unscaled

SLOPE = {"lin": 0.0, "log": 1.0, "log10": math.log(10)}  # d log(parameter) / d(scaled parameter), but for lin


@dataclass(frozen=True)
class PriorTerm:
    value: float
    slope: float
    curvature: float


def prior_term(parameter: PetabParameter, point: float) -> PriorTerm:
    """At a scaled value. curvature: without second derivatives of the scale; of a Laplace density that of a normal one
    with its scale. No prior: zeros.
    """
    if parameter.prior is None:
        return PriorTerm(0.0, 0.0, 0.0)
    kind, centre, width = parameter.prior
    theta = unscaled(point, parameter.scale)
    extra, extra_slope = 0.0, 0.0
    if kind.startswith("parameterScale"):
        value, slope = point, 1.0
    elif kind.startswith("log"):
        value, slope = math.log(theta), 1 / theta if parameter.scale == "lin" else SLOPE[parameter.scale]
        extra, extra_slope = value, slope
    else:
        value, slope = theta, 1.0 if parameter.scale == "lin" else theta * SLOPE[parameter.scale]
    z, steep = (value - centre) / width, slope / width
    if kind.lower().endswith("normal"):
        return PriorTerm(0.5 * math.log(2 * math.pi * width**2) + 0.5 * z**2 + extra, z * steep + extra_slope, steep**2)
    sign = math.copysign(1.0, z) if z else 0.0
    return PriorTerm(math.log(2 * width) + abs(z) + extra, sign * steep + extra_slope, steep**2)
