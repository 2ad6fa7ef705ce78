class Score:
    def value(self, x):
        return 1.0 - (x - 0.3) ** 2
