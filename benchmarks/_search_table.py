def publish_page(rows, written):
    import collections

    import numpy as np

    by = collections.defaultdict(dict)
    cpu = collections.defaultdict(list)
    below = collections.defaultdict(list)
    for r in rows:
        by[(r["trials"], r["slots"], r["arm"])][(r["task"], r["repetition"])] = r["quality"]
        cpu[(r["trials"], r["slots"], r["arm"])].append(r["cpu_s"])
        below[(r["trials"], r["slots"], r["arm"])].append(r["quality"] < r["default"] - 1e-9)
    rng = np.random.default_rng(0)
    for k, v in sorted(by.items()):
        q = np.array(list(v.values()))
        lib = np.mean([x for (t, _), x in v.items() if t.startswith("hpolib")] or [np.nan])
        hb = np.mean([x for (t, _), x in v.items() if t.startswith("hpobench")] or [np.nan])
        ref = by.get((k[0], k[1], "optuna-tpe"), {})
        d = np.array([v[x] - ref[x] for x in v if x in ref])
        ci = (
            np.quantile([rng.choice(d, len(d)).mean() for _ in range(1000)], [0.025, 0.975])
            if len(d)
            else (np.nan, np.nan)
        )
        print(
            k,
            f"n={len(q)} mean {q.mean():.3f} lib {lib:.3f} hb {hb:.3f} vs tpe {d.mean() if len(d) else np.nan:+.3f} [{ci[0]:+.3f},{ci[1]:+.3f}] win {np.mean(d > 0) + 0.5 * np.mean(d == 0) if len(d) else 0:.2f} below {np.mean(below[k]):.3f} cpu {np.mean(cpu[k]):.2f}",
        )
