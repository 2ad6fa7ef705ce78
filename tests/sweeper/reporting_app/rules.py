"""Constraints: one that works, and some that do not."""


def small_sum(values):
    if values["x"] + values["y"] <= 1.0:
        return True
    return f"x + y is {values['x'] + values['y']:.2f}, at most 1 is allowed."


def never(values):
    return False


def broken(values):
    return values["z"] > 0


def vague(values):
    return None


def broken_later(values):
    return values["x"] == 0.5 or values["z"] > 0
